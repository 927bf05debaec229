import AgriculturalTracingContract
import ContractKit
import Ledger
import TestSupport
import Testing

struct ProductCodeTests {
    private func sell(_ bench: ContractBench, _ code: ProductCode, _ units: UInt64) -> UInt64? {
        bench.run("sell", [("code", .text(code.path)), ("units", .unsigned(units))], as: "seller")
    }

    /// AGR-27, AGR-30, AGR-32: printed, affixed, sold out, and never again.
    @Test func life() throws {
        let bench = ContractBench()
        bench.prepare()
        let code = bench.code(1)
        #expect(bench.commission(code) == nil)
        #expect(try bench.box(code)?.stage == .commissioned)
        #expect(sell(bench, code, 1) != nil, "a code that was only printed is not sellable")
        bench.bringToShelf(code)
        #expect(try bench.box(code)?.stage == .onSale)
        #expect(sell(bench, code, 6) == 132)
        #expect(sell(bench, code, 3) == nil)
        #expect(try bench.box(code)?.unitsLeft == 2)
        #expect(
            bench.run("waste", [("code", .text(code.path)), ("units", 2), ("reason", "fell")], as: "seller") == nil)
        #expect(try bench.box(code) == nil, "sold out leaves the live state")
        #expect(bench.events.contains { $0.name == "soldOut" })
        #expect(sell(bench, code, 1) == 120)
        #expect(bench.commission(code) == 124, "a code is never used twice")
        #expect(try bench.violations() == [])
    }

    /// AGR-28: at local midnight, once, without anybody asking; and a sale at that moment is refused.
    @Test func expiry() throws {
        let bench = ContractBench()
        bench.prepare()
        let code = bench.code(1)
        #expect(bench.commission(code, expiry: "261124") == nil)
        bench.bringToShelf(code)
        try bench.advance(to: 1_795_561_199_999)
        #expect(try bench.box(code)?.stage == .onSale)
        try bench.advance(to: 1_795_561_200_000)
        #expect(try bench.box(code)?.stage == .expired)
        #expect(bench.events.filter { $0.name == "expired" }.count == 1)
        try bench.advance(to: 1_795_561_300_000)
        #expect(bench.events.filter { $0.name == "expired" }.count == 1)
        #expect(sell(bench, code, 1) == 121)
        #expect(bench.commission(bench.code(2), expiry: "261124") == 126, "nothing is packed out of date")
    }

    /// AGR-20, AGR-35: a value over its limit, or a recall, stops every box of the lot at once.
    @Test func holdAndRecall() throws {
        let bench = ContractBench()
        bench.prepare()
        let code = bench.code(1)
        #expect(bench.commission(code) == nil)
        bench.bringToShelf(code)
        func test(_ report: String, _ value: UInt64) -> UInt64? {
            bench.run(
                "reportTest",
                [
                    ("report", .text(report)), ("lot", "LOT"), ("sample", "S"), ("analyte", "Nitrate"),
                    ("value", .unsigned(value)), ("limit", 100), ("decimals", 0), ("unit", "mg/kg"), ("method", "EN"),
                    ("document", .hash(.zero)),
                ], as: "laboratory")
        }
        #expect(test("R1", 100) == nil)
        #expect(sell(bench, code, 1) == nil)
        #expect(test("R2", 101) == nil)
        #expect(sell(bench, code, 1) == 123)
        #expect(test("R2", 1) == 8)
        #expect(bench.run("recall", [("lot", "LOT"), ("reason", "glass")], as: "seller") == 5)
        #expect(bench.run("recall", [("lot", "LOT"), ("reason", "glass")], as: "farmer") == nil)
        #expect(sell(bench, code, 1) == 122)
    }

    /// AGR-19: boxes cannot outweigh their harvest. AGR-45: what was sent and did not arrive is named.
    @Test func massAndArrival() throws {
        let bench = ContractBench()
        bench.prepare(grams: 1000)
        #expect(bench.commission(bench.code(1), grams: 600) == nil)
        #expect(bench.commission(bench.code(2), grams: 600) == 125)
        #expect(bench.commission(bench.code(2), grams: 400) == nil)
        for serial in [1, 2] { bench.run("affix", [("code", .text(bench.code(serial).path))], as: "farmer") }
        let sent = Value.array([.text(bench.code(1).path), .text(bench.code(2).path)])
        #expect(
            bench.run(
                "dispatch",
                [
                    ("leg", "L"), ("from", "farmer"), ("to", "seller"), ("boxes", sent), ("maximumTemperature", 700),
                    ("departedAt", 1),
                ], as: "carrier") == nil)
        #expect(
            bench.run(
                "deliver", [("leg", "L"), ("deliveredAt", 2), ("highestTemperature", 910), ("minutesOver", 40)],
                as: "carrier") == nil)
        #expect(
            bench.run("receive", [("leg", "L"), ("boxes", .array([.text(bench.code(1).path)]))], as: "seller") == nil)
        let breach = bench.events.first { $0.name == "coldChainBreach" }
        #expect(breach?.details["minutesOver"] == 40 && breach?.details["carrier"] == "carrier")
        #expect(bench.events.first { $0.name == "missingOnArrival" }?.subject == bench.code(2).path)
    }

    /// Random operations, mostly nonsense: nothing traps, the invariants hold, no sold-out code comes back, units never go below zero.
    @Test func randomOperations() throws {
        var random = SeededGenerator.fresh()
        let bench = ContractBench()
        bench.prepare(grams: 5000)
        var soldOut: Set<String> = []
        for step in 0..<3000 {
            let code = bench.code(Int.random(in: 0..<12, using: &random))
            let text = Value.text(code.path)
            let boxes = Value.array([text])
            let leg = Value.text("L\(Int.random(in: 0..<8, using: &random))")
            let units = Value.unsigned(UInt64.random(in: 0...6, using: &random))
            let someone = ["farmer", "carrier", "seller", "laboratory"].randomElement(using: &random) ?? "farmer"
            switch Int.random(in: 0..<13, using: &random) {
            case 0:
                _ = bench.commission(
                    code, grams: UInt64.random(in: 1...400, using: &random),
                    units: UInt64.random(in: 0...4, using: &random))
            case 1: bench.run("affix", [("code", text)], as: someone)
            case 2:
                bench.run(
                    "dispatch",
                    [
                        ("leg", leg), ("from", "farmer"), ("to", "seller"), ("boxes", boxes), ("maximumTemperature", 1),
                        ("departedAt", 1),
                    ], as: "carrier")
            case 3:
                bench.run(
                    "deliver", [("leg", leg), ("deliveredAt", 1), ("highestTemperature", 1), ("minutesOver", 0)],
                    as: "carrier")
            case 4: bench.run("receive", [("leg", leg), ("boxes", boxes)], as: "seller")
            case 5: bench.run("offer", [("code", text)], as: "seller")
            case 6, 7:
                bench.run(
                    "sell", [("code", text), ("units", units)], as: someone == "laboratory" ? "farmer" : "seller")
            case 8: bench.run("waste", [("code", text), ("units", units), ("reason", "x")], as: "seller")
            case 9: bench.run("takeBack", [("code", text), ("units", units), ("reason", "x")], as: "seller")
            case 10: bench.run("aggregate", [("sscc", "340123450000000017"), ("boxes", boxes)], as: someone)
            case 11: bench.run("disaggregate", [("sscc", "340123450000000017"), ("boxes", boxes)], as: someone)
            default:
                // Arguments of any type under any name.
                let junk: [Value] = [
                    .null, .bool(true), .bytes(random.bytes(40)), CBOR(-5), .unsigned(.max), .array([]), .text(""),
                ]
                let name =
                    ["sell", "commission", "harvest", "dispatch", "reportTest", "nonsense"].randomElement(
                        using: &random) ?? ""
                let fields = ["code", "units", "lot", "grams", "boxes", "expiry"].map {
                    ($0, junk.randomElement(using: &random) ?? .null)
                }
                #expect(bench.run(name, fields, as: someone) != nil)
            }
            if step % 50 == 0 { #expect(try bench.violations() == []) }
            for path in soldOut { #expect(try bench.state.get(TracingContract.boxes, path) == nil) }
            for event in bench.events where event.name == "soldOut" { soldOut.insert(event.subject) }
        }
        #expect(!soldOut.isEmpty, "the run sells some box out")
    }
}
