import ChattelMortgageContract
import ContractKit
import TestSupport
import Testing

@Suite("Receipts: issued on goods that are seen, conserved, told when goods leave")
struct ReceiptTests {
    @Test(
        "CHAT-11: no receipt where sensors and declaration disagree",
        arguments: [
            (60, 40, 5000, UInt64(111)), (101, 40, 5000, 111), (100, 39, 5000, 112), (100, 40, 7000, 113),
            (100, 40, 4000, 113), (100, 40, 5000, 0), (0, 0, 0, 110),
        ] as [(UInt64, UInt64, UInt64, UInt64)])
    func disagreement(_ tonnes: UInt64, _ count: UInt64, _ length: UInt64, _ code: UInt64) {
        let bench = ChattelBench()
        bench.prepare()
        bench.sense(tonnes * ChattelBench.tonne, count: count, length: length)
        bench.declare("LOT")
        #expect(bench.issue("NORTH-1", "LOT") == (code == 0 ? nil : code))
    }

    @Test("CHAT-11: stale measurements, silent sensors and sealed goods make no receipt")
    func weakEvidence() throws {
        let bench = ChattelBench()
        bench.prepare()
        bench.declare("LOT", isSealed: true)
        #expect(bench.issue("NORTH-1", "LOT") == 110)
        bench.sense(100 * ChattelBench.tonne, count: 40)
        #expect(bench.issue("NORTH-1", "LOT") == 115)
        bench.run("inspect", [("lot", "LOT"), ("grade", "A1"), ("certificate", .hash(.zero))], as: "surveyor")
        #expect(
            bench.run("inspect", [("lot", "LOT"), ("grade", "A1"), ("certificate", .hash(.zero))], as: "owner") == 5)
        blind(bench, true)
        #expect(bench.issue("NORTH-1", "LOT") == 114)
        blind(bench, false)
        #expect(bench.issue("NORTH-1", "LOT") == 118, "the blind spot was an alarm, which somebody has to close")
        bench.run("closeAlarm", [("lot", "LOT"), ("number", 1), ("reason", "plugged in")], as: "monitor")
        #expect(bench.issue("NORTH-2", "LOT") == 119)
        #expect(bench.issue("NORTH-1", "LOT", as: "monitor2") == 5)
        bench.time += ChattelContract.measurementAge
        #expect(bench.issue("NORTH-1", "LOT") == 110)
        bench.sense(100 * ChattelBench.tonne, count: 40)
        #expect(bench.issue("NORTH-1", "LOT") == nil)
        #expect(bench.issue("NORTH-2", "LOT") == 117)
        #expect(try bench.receipt("NORTH-1").terms.insurance == WarehouseReceipt.Terms.blank)
    }

    private func blind(_ bench: ChattelBench, _ isBlind: Bool) {
        bench.run(
            "blind",
            [
                ("site", "NORTH"), ("bay", "A1"), ("device", .text(ChattelBench.device)), ("blind", .bool(isBlind)),
                ("at", 1),
            ], as: "gateway")
    }

    @Test("CHAT-25: a blank required field is refused")
    func blanks() {
        let bench = ChattelBench()
        bench.prepare()
        bench.sense(100 * ChattelBench.tonne, count: 40)
        bench.declare("LOT")
        #expect(
            bench.run(
                "issueReceipt",
                [("number", "NORTH-1"), ("lot", "LOT"), ("deliveryTerm", ""), ("negotiable", true)], as: "monitor") == 3
        )
    }

    @Test("CHAT-31: a silent sensor lowers the grade and tells why")
    func grade() throws {
        let bench = ChattelBench()
        bench.lend()
        blind(bench, true)
        #expect(try bench.state.get(ChattelContract.bays, "NORTH/A1")?.evidenceGrade == "B")
        let alarm = bench.events.last { $0.name == "alarm" }
        #expect(alarm?.details["kind"]?.text == "blindSpot")
        #expect(alarm?.details["pledgees"]?.array?.compactMap(\.text) == ["bank"])
    }

    @Test("CHAT-1: only attested devices at the site's own gateway count")
    func devices() {
        let bench = ChattelBench()
        bench.prepare()
        #expect(bench.sense(1, count: 1, device: "urn:dev:ops:32473-scale-FAKE") == 120)
        #expect(bench.sense(1, count: 1, as: "monitor") == 5)
        #expect(bench.sense(1, count: 1, site: "NOWHERE") == 7)
    }

    @Test("CHAT-10: the same mark in another spelling, in a re-split lot and pledged elsewhere is flagged")
    func marks() throws {
        let bench = ChattelBench()
        bench.prepare()
        bench.declare("LOT", tags: ["SN-00O1l", "SN-2"])
        bench.declare("AGAIN", bay: "A2", tags: ["sn 0001 1"])
        #expect(try bench.lot("AGAIN").flag == "similar")
        bench.declare("RESPLIT", tonnes: 50, bay: "A3", tags: ["SN-2", "NEW"], as: "rival")
        #expect(try bench.lot("RESPLIT").flag == "exact")
        bench.run("registerOutside", [("marks", [.hash(Fingerprint.hash(of: "PAPER-7"))])], as: "bank2")
        bench.declare("PAPER", bay: "A4", tags: ["paper 7"])
        #expect(try bench.lot("PAPER").flag == "elsewhere")
        bench.sense(100 * ChattelBench.tonne, count: 40, bay: "A4")
        #expect(bench.issue("NORTH-1", "PAPER") == 116)
    }

    @Test("CHAT-14: one tag at two sites alarms the pledgee")
    func twice() throws {
        let bench = ChattelBench()
        bench.prepare()
        bench.sense(100 * ChattelBench.tonne, count: 40, tags: ["T-1"])
        bench.declare("LOT", tags: ["T-1"])
        bench.issue("NORTH-1", "LOT")
        bench.bringToDecision("L")
        #expect(bench.decide("L") == nil)
        bench.sense(
            2_500_000, count: 1, site: "SOUTH", bay: "B1", tags: ["T-1"], device: "urn:dev:ops:32473-scale-SOUTH.B1")
        let alarm = bench.events.last { $0.name == "alarm" }
        #expect(alarm?.details["kind"]?.text == "sameIdentityTwice")
        #expect(alarm?.details["pledgees"]?.array?.compactMap(\.text) == ["bank"])
    }

    @Test("CHAT-39: release approved for 10, sensors see 12 leave: alarm with difference 2, papers blocked")
    func moveOut() throws {
        let bench = ChattelBench()
        bench.lend()
        #expect(bench.run("release", [("receipt", "NORTH-1"), ("grams", 10_000_000)], as: "owner") == 5)
        #expect(bench.run("release", [("receipt", "NORTH-1"), ("grams", 10_000_000)], as: "bank") == nil)
        bench.sense(88 * ChattelBench.tonne, count: 36)
        #expect(try bench.lot("LOT").missing == 2 * ChattelBench.tonne)
        #expect(try bench.receipt("NORTH-1").grams == 90 * ChattelBench.tonne)
        let alarm = try bench.state.get(ChattelContract.alarms, "LOT/1")
        #expect(alarm?.kind == "unauthorisedMoveOut")
        #expect(alarm?.value == 2 * ChattelBench.tonne)
        #expect(bench.run("release", [("receipt", "NORTH-1"), ("grams", 1)], as: "bank") == 152)
        bench.sense(90 * ChattelBench.tonne, count: 37)
        #expect(bench.run("release", [("receipt", "NORTH-1"), ("grams", 1)], as: "bank") == nil)
        #expect(try bench.violations() == [])
    }

    @Test("CHAT-11: a re-count that the bank asks for is met by a measurement, or becomes an alarm")
    func recount() throws {
        let bench = ChattelBench()
        bench.lend()
        func ask(_ who: String) -> UInt64? {
            bench.run(
                "requestCount", [("receipt", "NORTH-1"), ("until", .unsigned(bench.time + 3_600_000))], as: who)
        }
        #expect(ask("owner") == 5)
        #expect(ask("bank") == nil)
        bench.sense(100 * ChattelBench.tonne, count: 40)
        try bench.advance(to: bench.time + 3_600_000)
        #expect(try bench.lot("LOT").openAlarms == 0)
        #expect(ask("bank") == nil)
        try bench.advance(to: bench.time + 3_600_000)
        #expect(bench.events.last { $0.name == "alarm" }?.details["kind"]?.text == "countOverdue")
    }

    @Test("CHAT-8: hall to truck to hall, each hand-over signed by both; a gap is an alarm")
    func custody() throws {
        let bench = ChattelBench()
        bench.store()
        let lot = ("lot", Value.text("LOT"))
        #expect(bench.run("handOver", [lot, ("to", "TRUCK")], as: "monitor2") == 5)
        #expect(bench.run("takeOver", [lot, ("bay", "LOAD")], as: "monitor") == 123)
        #expect(bench.run("handOver", [lot, ("to", "TRUCK")], as: "monitor") == nil)
        bench.sense(0, count: 0)
        #expect(bench.count(of: "alarm") == 0, "goods that were handed over leave with a signature")
        #expect(bench.run("takeOver", [lot, ("bay", "LOAD")], as: "monitor2") == 5)
        #expect(bench.run("takeOver", [lot, ("bay", "LOAD")], as: "monitor") == nil)
        bench.run("handOver", [lot, ("to", "SOUTH")], as: "monitor")
        try bench.advance(to: bench.time + 25 * 3_600_000)
        #expect(bench.events.last { $0.name == "alarm" }?.details["kind"]?.text == "custodyGap")
        #expect(bench.run("takeOver", [lot, ("bay", "B1")], as: "monitor2") == nil)
        #expect(try bench.lot("LOT").custody.map { String($0.prefix(5)) } == ["NORTH", "TRUCK", "SOUTH"])
        #expect(try bench.receipt("NORTH-1").site == "SOUTH")
    }

    @Test("CHAT-15, CHAT-24: a truck's alarms reach owner and bank")
    func transit() throws {
        let bench = ChattelBench()
        bench.lend()
        bench.run("handOver", [("lot", "LOT"), ("to", "TRUCK")], as: "monitor")
        bench.run("takeOver", [("lot", "LOT"), ("bay", "LOAD")], as: "monitor")
        func report(_ kind: String) -> UInt64? {
            bench.run(
                "transit",
                [
                    ("site", "TRUCK"), ("kind", .text(kind)), ("value", 900), ("limit", 500),
                    ("device", .text(ChattelBench.device)), ("at", 1),
                ], as: "gateway")
        }
        #expect(report("route") == nil)
        #expect(report("mood") == 3)
        #expect(try bench.lot("LOT").openAlarms == 1)
        #expect(bench.events.last { $0.name == "alarm" }?.details["pledgees"]?.array?.count == 1)
    }

    @Test("CHAT-25: the children of a split weigh what their parent did, whatever is asked")
    func conservation() throws {
        var generator = SeededGenerator.fresh()
        for _ in 0..<200 {
            let bench = ChattelBench()
            bench.store()
            let parts = Int.random(in: 2...6, using: &generator)
            var left: (grams: UInt64, count: UInt64) = (100 * ChattelBench.tonne, 40)
            var values: [Value] = []
            for part in 1...parts {
                let isLast = part == parts
                let grams = isLast ? left.grams : UInt64.random(in: 1...left.grams / 4, using: &generator)
                let count = isLast ? left.count : UInt64.random(in: 0...left.count / 4, using: &generator)
                left = (left.grams - grams, left.count - count)
                values.append(["grams": .unsigned(grams), "count": .unsigned(count)])
            }
            let isWrong = Bool.random(using: &generator)
            if isWrong { values.append(["grams": 1, "count": 0]) }
            let code = bench.run("split", [("receipt", "NORTH-1"), ("parts", .array(values))], as: "owner")
            #expect(code == (isWrong ? 121 : nil))
            #expect(try bench.violations() == [])
            guard !isWrong else { continue }
            let children = try bench.receipt("NORTH-1").children
            let sum = try children.reduce(UInt64(0)) { try $0 + bench.receipt($1).grams }
            #expect(sum == 100 * ChattelBench.tonne)
            #expect(
                bench.run("merge", [("receipts", .array(children.map { .text($0) }))], as: "owner") == nil)
            let merged = try #require(try bench.lot("LOT").receipts.first)
            #expect(try bench.receipt(merged).grams == 100 * ChattelBench.tonne)
            #expect(try bench.violations() == [])
        }
    }
}
