import DeviceKit
import Foundation
import Gateway
import Testing

@Suite("Edge rules")
struct RuleTests {
    private static func json(_ when: String, then: String = #"[{"event":"x"}]"#, otherwise: String = "[]") -> [UInt8] {
        Array(
            #"""
            {"version":1,"rules":[{"id":"r","devices":{"profile":"p"},"quantity":"q","when":\#(when),
            "then":\#(then),"otherwise":\#(otherwise)}]}
            """#.utf8)
    }

    private func book(_ when: String, then: String = #"[{"event":"x"}]"#, otherwise: String = "[]") throws -> RuleBook {
        var book = RuleBook()
        book.set(try RuleSet(json: Self.json(when, then: then, otherwise: otherwise)), of: "owner")
        return book
    }

    private func reading(_ value: Double, _ time: Double, owner: String = "owner") -> RuleReading {
        RuleReading(device: "d", profile: "p", owner: owner, quantity: "q", value: value, time: time)
    }

    private func fired(_ book: inout RuleBook, _ values: [(Double, Double)]) -> [Int] {
        values.map { book.evaluate(reading($0.0, $0.1), now: $0.1).count }
    }

    @Test("A threshold says so when it begins to hold, and marks as long as it does")
    func threshold() throws {
        var book = try book(#"{"above":10}"#, then: #"[{"mark":"out-of-range"},{"event":"x"}]"#)
        #expect(fired(&book, [(5, 1), (11, 2), (12, 3), (9, 4), (11, 5)]) == [0, 2, 1, 0, 2])
        #expect(book.evaluate(reading(99, 6, owner: "stranger"), now: 6).isEmpty)
    }

    @Test("Hysteresis switches on low and off high, and keeps its shortest times")
    func hysteresis() throws {
        var book = try book(
            #"{"hysteresis":{"on":18,"off":25,"minimumOn":60,"minimumOff":60}}"#, otherwise: #"[{"event":"off"}]"#)
        var words: [String] = []
        for (value, time) in [(20, 0), (18, 70), (26, 100), (26, 131), (17, 150), (17, 200)] as [(Double, Double)] {
            for action in book.evaluate(reading(value, time), now: time) {
                words.append("\(action.holds)@\(Int(time))")
            }
        }
        #expect(words == ["true@70", "false@131", "true@200"])
    }

    @Test("Rate of change, standstill and calibration age")
    func others() throws {
        var rate = try book(#"{"rate":{"perSecond":1,"tolerance":2}}"#)
        #expect(fired(&rate, [(0, 0), (3, 1), (9, 2), (9, 3)]) == [0, 0, 1, 0])
        var frozen = try book(#"{"frozen":{"seconds":100}}"#)
        #expect(fired(&frozen, [(1, 0), (1, 99), (1, 100), (2, 101)]) == [0, 0, 1, 0])
        var age = try book(
            #"{"calibrationAge":{"calibrated":"1970-01-01T00:00:00Z","days":1}}"#,
            then: #"[{"mark":"calibration-age"}]"#)
        #expect(fired(&age, [(1, 80_000), (1, 90_000)]) == [0, 1])
    }

    @Test("Values out of order change nothing, and the memory is an owner's")
    func order() throws {
        var book = try book(#"{"above":10}"#)
        #expect(fired(&book, [(11, 5), (1, 3), (11, 6)]) == [1, 0, 0])
    }

    @Test(
        "What is not understood is refused, and the message says where",
        arguments: [
            ("{", "not JSON"), (#"{"version":2,"rules":[]}"#, "version"), (#"{"version":true,"rules":[]}"#, "version"),
            (#"{"version":1,"rules":[],"x":1}"#, "no member x"),
            (String(decoding: json("{}"), as: UTF8.self), "exactly one"),
            (String(decoding: json(#"{"above":"1"}"#), as: UTF8.self), "rules[0].when needs above"),
            (String(decoding: json(#"{"hysteresis":{"on":1,"off":1}}"#), as: UTF8.self), "different levels"),
            (String(decoding: json(#"{"above":1}"#, then: #"[{"mark":"odd"}]"#), as: UTF8.self), "then[0] marks"),
            (
                String(
                    decoding: json(#"{"above":1}"#, then: #"[{"command":{"device":"x","name":"n"}}]"#), as: UTF8.self),
                "URN of RFC 9039"
            ),
            (
                String(decoding: json(#"{"above":1}"#, otherwise: #"[{"mark":"frozen"}]"#), as: UTF8.self),
                "cannot mark"
            ),
        ])
    func refusals(text: String, word: String) throws {
        do {
            _ = try RuleSet(json: Array(text.utf8))
            Issue.record("was taken: \(text)")
        } catch {
            #expect(error.message.contains(word), "\(error.message)")
        }
    }
}
