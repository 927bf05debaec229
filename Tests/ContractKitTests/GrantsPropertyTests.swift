import ContractKit
import Ledger
import TestSupport
import Testing

/// Random operations by everybody, against what a plain model says must be released and what must not.
struct GrantsPropertyTests {
    private struct Model {
        var owner: String
        var streams: [String]
        var until: UInt64
        var isRevoked = false
    }

    private static let people = ["farm", "dairy", "shop", "bank"]
    private static let streams = ["farm.air", "farm.soil", "dairy.milk"]

    @Test func noReleaseWithoutALiveGrant() throws {
        var random = SeededGenerator.fresh()
        let bench = GrantsBench()
        for (index, owner) in ["farm", "dairy"].enumerated() {
            #expect(bench.setKey(of: owner, UInt8(index + 1)) == nil)
        }
        for stream in Self.streams {
            #expect(bench.openEpoch(1, stream: stream) == nil)
            #expect(bench.batch(0, epoch: 1, stream: stream, at: 500) == nil)
        }
        var grants: [String: Model] = [:]
        var (released, refused) = (0, 0)
        for step in 0..<3_000 {
            let person = Self.people.randomElement(using: &random) ?? "farm"
            // Ids come and go, so that grants are live all the way through.
            let id = "g\(step / 40 * 10 + Int.random(in: 0..<20, using: &random))"
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let until = bench.time + UInt64.random(in: 1...400, using: &random)
                let chosen = Self.streams.filter { _ in Bool.random(using: &random) }.sorted()
                let reader = Self.people.randomElement(using: &random) ?? "shop"
                let code = bench.grant(id, for: reader, streams: chosen, until: until, as: person)
                let isRight =
                    !chosen.isEmpty && chosen.allSatisfy { StreamName.owner(of: $0) == person } && reader != person
                    && grants[id] == nil
                #expect((code == nil) == isRight, "grant \(id) at step \(step): \(code ?? 0)")
                if code == nil { grants[id] = Model(owner: person, streams: chosen, until: until) }
            case 2:
                let code = bench.run("grants", "revoke", [("id", .text(id))], as: person)
                if code == nil { grants[id]?.isRevoked = true }
            case 3: try bench.advance(to: bench.time + UInt64.random(in: 0...50, using: &random))
            default:
                let grant = grants[id]
                // By chance alone hardly any would be right.
                let isMeant = Bool.random(using: &random)
                let person = isMeant ? grant?.owner ?? person : person
                let streams = isMeant ? grant?.streams ?? Self.streams : Self.streams
                let stream = streams.randomElement(using: &random) ?? "farm.soil"
                let code = bench.release(id, step, stream: stream, as: person)
                let isRight =
                    grant.map {
                        $0.owner == person && $0.streams.contains(stream) && !$0.isRevoked && bench.time < $0.until
                    } ?? false
                #expect((code == nil) == isRight, "release under \(id) at step \(step): \(code ?? 0)")
                if code == nil { released += 1 } else { refused += 1 }
            }
            if step.isMultiple(of: 50) { #expect(try bench.violations().isEmpty) }
        }
        #expect(try bench.violations().isEmpty)
        #expect(released > 0 && refused > 0)
    }

    /// Whatever arguments come, the contract answers; it never traps.
    @Test func anyArgumentsAreAnswered() {
        var random = SeededGenerator.fresh()
        let bench = GrantsBench()
        let names = [
            "id", "owner", "reader", "streams", "purpose", "from", "to", "until", "request", "grant", "epochs",
            "stream", "key", "service", "epoch", "commitment", "first", "last", "root", "body", "sealed",
        ]
        let values: [Value] = [
            .null, 0, .unsigned(.max), .negative(.max), "", ".", "farm.soil", "farm.", ".soil",
            .text("x" + String(repeating: "ß", count: 300)),
            .bytes([]), .bytes(Bytes(repeating: 0, count: 32)), .array([]), .array(["farm.soil"]),
            .array([.array(["gateway", "farm.soil", 0, .unsigned(.max)])]), .array([.array(["g", "s", 5, 4])]), true,
        ]
        let operations = [
            "request", "refuse", "grant", "revoke", "release", "publish", "unpublish", "rotate", "setEncryptionKey",
            "openEpoch", "batch",
        ]
        for _ in 0..<20_000 {
            let arguments = names.filter { _ in Int.random(in: 0..<3, using: &random) > 0 }.map { name in
                (name, values.randomElement(using: &random) ?? .null)
            }
            let operation = operations.randomElement(using: &random) ?? "grant"
            let contract = ["openEpoch", "batch"].contains(operation) ? "telemetry" : "grants"
            bench.run(contract, operation, arguments, as: contract == "telemetry" ? "gateway" : "farm")
        }
    }
}
