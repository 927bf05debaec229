import AgriculturalTracingContract
import ContractKit
import Ledger
import TestSupport
import Testing

/// Accreditation, waiting periods, pallets, returns, corrections and answers to recalls.
struct TradeTests {
    private static let day: UInt64 = 86_400_000
    private static let pallets = ["340123450000000017", "340123450000000024", "340123450000000031"]

    private func accredit(_ bench: ContractBench, until: UInt64, as role: String = "registrar") -> UInt64? {
        bench.run(
            "accredit",
            [
                ("agency", "laboratory"), ("number", "NAB-1"), ("scope", .array(["Nitrate"])),
                ("from", .unsigned(bench.time)), ("until", .unsigned(until)),
            ], as: role)
    }

    private func report(_ bench: ContractBench, _ id: String, analyte: String = "Nitrate", value: UInt64 = 1) -> UInt64?
    {
        bench.run(
            "reportTest",
            [
                ("report", .text(id)), ("lot", "LOT"), ("sample", "S"), ("analyte", .text(analyte)),
                ("value", .unsigned(value)), ("limit", 100), ("decimals", 0), ("unit", "mg/kg"), ("method", "EN"),
                ("document", .hash(.zero)),
            ], as: "laboratory")
    }

    /// AGR-7: a result counts as passed within number, scope and validity; one over its limit stops the lot from whomever it comes.
    @Test func accreditation() throws {
        let bench = ContractBench()
        bench.prepare()
        func lot() throws -> HarvestLot? { try bench.state.get(TracingContract.harvestLots, "LOT") }
        func covered(_ id: String) throws -> Bool? { try bench.state.get(TracingContract.reports, id)?.isCovered }
        #expect(report(bench, "R0") == nil)
        #expect(try covered("R0") == false)
        #expect(accredit(bench, until: bench.time + Self.day, as: "laboratory") == 5)
        #expect(accredit(bench, until: bench.time) == 3)
        #expect(accredit(bench, until: bench.time + Self.day) == nil)
        #expect(report(bench, "R1") == nil)
        #expect(try covered("R1") == true)
        #expect(report(bench, "R2", analyte: "Lead") == nil)
        #expect(try covered("R2") == false, "outside the scope")
        #expect(try lot()?.passedTests == 1)
        try bench.advance(to: bench.time + Self.day)
        #expect(report(bench, "R3") == nil)
        #expect(try covered("R3") == false, "the accreditation has ended")
        #expect(bench.events.filter { $0.name == "notCovered" }.count == 3)
        #expect(report(bench, "R4", value: 101) == nil)
        #expect(try lot()?.failedTest == "R4")
    }

    /// AGR-18: a harvest before the wait of the last treatment ends is recorded, and its lot says so.
    @Test func waitingPeriod() throws {
        let bench = ContractBench()
        bench.prepare()
        func work(_ days: UInt64?) -> UInt64? {
            bench.run(
                "recordOperation",
                [("plot", "P"), ("kind", "protecting"), ("performedAt", .unsigned(bench.time)), ("product", "Copper")]
                    + (days.map { [("waitingDays", Value.unsigned($0))] } ?? []), as: "farmer")
        }
        func harvest(_ lot: String) throws -> UInt64? {
            #expect(
                bench.run(
                    "harvest",
                    [
                        ("lot", .text(lot)), ("plot", "P"), ("harvestedAt", .unsigned(bench.time)), ("grams", 100),
                    ], as: "farmer") == nil)
            return try bench.state.get(TracingContract.harvestLots, lot)?.waitUntil
        }
        let begun = bench.time
        #expect(work(366) == 3)
        #expect(work(7) == nil)
        #expect(work(3) == nil, "a shorter wait does not shorten the longer one")
        #expect(work(nil) == nil)
        try bench.advance(to: begun + 7 * Self.day - 1)
        #expect(try harvest("EARLY") == begun + 7 * Self.day)
        try bench.advance(to: begun + 7 * Self.day)
        #expect(try harvest("RIPE") == nil)
        #expect(bench.events.filter { $0.name == "waitingPeriod" }.map(\.subject) == ["lot:EARLY"])
    }

    /// AGR-21: a pallet is repacked into three, and every box is on the one that holds it.
    @Test func repacking() throws {
        let bench = ContractBench()
        bench.prepare()
        let codes = (0..<6).map { bench.code($0) }
        for code in codes {
            #expect(bench.commission(code) == nil)
            bench.run("affix", [("code", .text(code.path))], as: "farmer")
        }
        func run(_ name: String, _ pallet: Int, _ boxes: ArraySlice<ProductCode>, as role: String = "farmer") -> UInt64?
        {
            bench.run(
                name, [("sscc", .text(Self.pallets[pallet])), ("boxes", .array(boxes.map { .text($0.path) }))], as: role
            )
        }
        #expect(bench.run("aggregate", [("sscc", "340123450000000011"), ("boxes", .array([]))], as: "farmer") == 3)
        #expect(run("aggregate", 0, codes[...], as: "seller") == 5, "another holds them")
        #expect(run("aggregate", 0, codes[...]) == nil)
        #expect(run("aggregate", 1, codes[0..<1]) == 136, "it stands on a pallet already")
        #expect(run("disaggregate", 1, []) == 7)
        #expect(try bench.violations() == [])
        #expect(run("disaggregate", 0, codes[2...]) == nil)
        #expect(run("disaggregate", 0, codes[2..<3]) == 135)
        #expect(run("aggregate", 1, codes[2..<4]) == nil)
        #expect(run("aggregate", 2, codes[4...]) == nil)
        for (place, code) in codes.enumerated() { #expect(try bench.box(code)?.pallet == Self.pallets[place / 2]) }
        #expect(
            bench.run("waste", [("code", .text(codes[0].path)), ("units", 1), ("reason", "x")], as: "farmer") == 136)
        #expect(run("disaggregate", 0, []) == nil)
        #expect(try bench.state.get(TracingContract.pallets, Self.pallets[0]) == nil)
        #expect(try bench.violations() == [])
    }

    /// AGR-9, AGR-31: what comes back is no more than what was sold, and a code that is sold out stays gone.
    @Test func returns() throws {
        let bench = ContractBench()
        bench.prepare()
        let code = bench.code(1)
        #expect(bench.commission(code) == nil)
        bench.bringToShelf(code)
        func run(_ name: String, _ units: UInt64) -> UInt64? {
            let reason: [(String, Value)] = name == "sell" ? [] : [("reason", "dented")]
            return bench.run(name, [("code", .text(code.path)), ("units", .unsigned(units))] + reason, as: "seller")
        }
        #expect(run("takeBack", 1) == 139)
        #expect(run("sell", 3) == nil)
        #expect(run("waste", 1) == nil)
        #expect(run("takeBack", 4) == 139, "waste does not come back")
        #expect(run("takeBack", 3) == nil)
        #expect(try bench.box(code)?.unitsLeft == 4)
        #expect(try bench.violations() == [])
        #expect(run("sell", 4) == nil)
        #expect(run("takeBack", 1) == 120)
    }

    /// AGR-22: a record is declared wrong once, by the one who reads as its signer.
    @Test func corrections() throws {
        let bench = ContractBench()
        bench.prepare()
        let wrong = Hash32.sha256([1]), right = Hash32.sha256([2])
        func declare(_ corrective: Hash32) -> UInt64? {
            bench.run(
                "declareError",
                [("record", .hash(wrong)), ("reason", "Typing error"), ("corrective", .hash(corrective))], as: "farmer")
        }
        #expect(declare(wrong) == 3)
        #expect(declare(right) == nil)
        #expect(declare(right) == 8)
        let kept = try bench.state.get(TracingContract.errorDeclarations, "farmer/\(wrong.hex)")
        #expect(kept?.corrective == right && kept?.reason == "Typing error")
    }

    /// AGR-35: holders of boxes of a recalled lot answer for the boxes that they hold.
    @Test func answers() throws {
        let bench = ContractBench()
        bench.prepare()
        let code = bench.code(1)
        #expect(bench.commission(code) == nil)
        bench.bringToShelf(code)
        func confirm(as role: String) -> UInt64? {
            bench.run("confirmRecall", [("lot", "LOT"), ("boxes", .array([.text(code.path)]))], as: role)
        }
        #expect(confirm(as: "seller") == 137)
        #expect(bench.run("recall", [("lot", "LOT"), ("reason", "glass")], as: "farmer") == nil)
        #expect(confirm(as: "farmer") == 5)
        #expect(confirm(as: "seller") == nil)
        #expect(try bench.state.get(TracingContract.recallAnswers, "LOT/seller")?.boxes == 1)
    }
}
