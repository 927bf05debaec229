import AgriculturalTracingContract
import ContractKit
import Ledger
import TestSupport
import Testing

@testable import AgriculturalTracingService

/// Mixes, labels, rooms, certificates, documents, soil and markets.
struct ProcessTests {
    private static let day: UInt64 = 86_400_000

    private func harvest(_ bench: ContractBench, _ lot: String, grams: UInt64 = 1000) -> UInt64? {
        bench.run(
            "harvest",
            [("lot", .text(lot)), ("plot", "P"), ("harvestedAt", .unsigned(bench.time)), ("grams", .unsigned(grams))],
            as: "farmer")
    }

    private func mix(
        _ bench: ContractBench, _ inputs: [(String, UInt64)], _ outputs: [(String, UInt64)], as role: String = "farmer"
    ) -> UInt64? {
        func amounts(_ list: [(String, UInt64)]) -> Value {
            .array(list.map { ["lot": .text($0.0), "grams": .unsigned($0.1)] })
        }
        return bench.run(
            "transform",
            [
                ("inputs", amounts(inputs)), ("outputs", amounts(outputs)), ("product", "Salad"),
                ("performedAt", .unsigned(bench.time)),
            ], as: role)
    }

    /// AGR-24: many in, many out; a mix of mixes knows everything in it, and nothing comes of nothing.
    @Test func mixes() throws {
        let bench = ContractBench()
        bench.prepare(lot: "LOT", grams: 1000)
        for lot in ["A", "B", "C"] { #expect(harvest(bench, lot) == nil) }
        #expect(mix(bench, [("A", 600), ("B", 400)], [("M1", 700), ("M2", 300)], as: "seller") == 5)
        #expect(mix(bench, [("A", 600), ("B", 400)], [("M1", 700), ("M2", 301)]) == 125, "more out than in")
        #expect(mix(bench, [("A", 1001)], [("M1", 1)]) == 125, "more in than there is")
        #expect(mix(bench, [("A", 1), ("A", 1)], [("M1", 1)]) == 3)
        #expect(mix(bench, [("A", 600), ("B", 400)], [("M1", 700), ("M2", 300)]) == nil)
        #expect(mix(bench, [("M1", 100), ("C", 100)], [("N", 200)]) == nil)
        #expect(mix(bench, [("C", 1)], [("N", 1)]) == 8, "a lot begins once")
        let lots = TracingContract.harvestLots
        #expect(try bench.state.get(lots, "N")?.lineage == ["A", "B", "C", "M1"])
        #expect(try bench.state.get(lots, "N")?.plot == nil)
        #expect(bench.commission(bench.code(1), lot: "A", grams: 401) == 125, "what was mixed cannot be packed too")
        #expect(bench.commission(bench.code(2), lot: "N", grams: 200) == nil)
        bench.run("affix", [("code", .text(bench.code(2).path))], as: "farmer")
        // A recall of what went in two mixes ago stops it.
        #expect(bench.run("recall", [("lot", "B"), ("reason", "Glass")], as: "farmer") == nil)
        #expect(
            bench.run(
                "dispatch",
                [
                    ("leg", "L"), ("from", "farmer"), ("to", "seller"), ("boxes", .array([.text(bench.code(2).path)])),
                    ("maximumTemperature", 700), ("departedAt", 1),
                ], as: "carrier") == 122)
        #expect(mix(bench, [("M2", 1)], [("O", 1)]) == 122, "nor goes it on into others")
        #expect(
            bench.run(
                "confirmRecall", [("lot", "B"), ("boxes", .array([.text(bench.code(2).path)]))], as: "farmer") == nil)
        #expect(try bench.violations() == [])
    }

    /// AGR-2: a replaced label is void, its box lives on under the new one, and neither code comes again.
    @Test func replacedLabel() throws {
        let bench = ContractBench()
        bench.prepare()
        let (old, new) = (bench.code(1), bench.code(2))
        #expect(bench.commission(old) == nil)
        func replace(_ from: ProductCode, _ to: ProductCode, as role: String = "seller") -> UInt64? {
            bench.run(
                "replaceLabel", [("code", .text(from.path)), ("replacement", .text(to.path)), ("reason", "torn")],
                as: role)
        }
        #expect(replace(old, new, as: "farmer") == 133, "a label that is on no box is printed again")
        bench.bringToShelf(old)
        let before = try #require(try bench.box(old))
        #expect(replace(old, new, as: "carrier") == 5)
        let other = try ProductCode(gtin: "04012345000023", lot: "LOT", serial: "S9")
        #expect(replace(old, other) == 3, "a code of another product")
        #expect(replace(old, new) == nil)
        #expect(try bench.box(old) == nil)
        #expect(try bench.box(new) == before)
        #expect(bench.run("sell", [("code", .text(old.path)), ("units", 1)], as: "seller") == 140)
        #expect(bench.run("sell", [("code", .text(new.path)), ("units", 1)], as: "seller") == nil)
        #expect(bench.commission(old) == 124 && bench.commission(new) == 124)
        #expect(replace(new, old) == 124)
        // The timer is the box's, not the label's.
        try bench.advance(to: before.expiresAt)
        #expect(try bench.box(new)?.stage == .expired)
        #expect(bench.events.filter { $0.name == "expired" }.map(\.subject) == [new.path])
        #expect(try bench.violations() == [])
    }

    /// AGR-24: certificates come from a body, hold for their time, and are withdrawn by who gave them.
    @Test func certificates() throws {
        let bench = ContractBench()
        bench.prepare()
        func certify(_ number: String, as role: String = "laboratory", holder: String = "farmer") -> UInt64? {
            bench.run(
                "certify",
                [
                    ("certificate", .text(number)), ("holder", .text(holder)), ("scheme", "GLOBALG.A.P."),
                    ("scope", "Tomatoes"), ("from", .unsigned(bench.time)), ("until", .unsigned(bench.time + Self.day)),
                ], as: role)
        }
        #expect(certify("C1", as: "farmer", holder: "seller") == 5)
        #expect(certify("C1", holder: "laboratory") == 5, "nobody certifies itself")
        #expect(certify("C1") == nil)
        #expect(certify("C1") == 8)
        let record = try #require(try bench.state.get(TracingContract.certificates, "C1"))
        #expect(record.holds(at: bench.time) && !record.holds(at: bench.time + Self.day))
        let reason: [(String, Value)] = [("certificate", "C1"), ("reason", "Audit failed")]
        #expect(bench.run("withdrawCertificate", reason, as: "farmer") == 5)
        #expect(bench.run("withdrawCertificate", reason, as: "laboratory") == nil)
        #expect(bench.run("withdrawCertificate", reason, as: "laboratory") == 142)
        let withdrawn = try #require(try bench.state.get(TracingContract.certificates, "C1"))
        #expect(!withdrawn.holds(at: bench.time))
    }

    /// AGR-13: nitrogen of a year adds up, and what is above the limit is told, not refused.
    @Test func nitrogen() throws {
        let bench = ContractBench()
        bench.prepare()
        func fertilise(_ grams: UInt64, kind: String = "fertilising", before: UInt64 = 0) -> UInt64? {
            bench.run(
                "recordOperation",
                [
                    ("plot", "P"), ("kind", .text(kind)), ("performedAt", .unsigned(bench.time - before)),
                    ("nitrogen", .unsigned(grams)),
                ], as: "farmer")
        }
        #expect(fertilise(1, kind: "watering") == 3)
        #expect(fertilise(100_000) == nil && fertilise(70_000) == nil)
        #expect(bench.events.allSatisfy { $0.name != "nitrogenLimit" })
        #expect(fertilise(1) == nil)
        #expect(bench.events.last?.name == "nitrogenLimit")
        #expect(try bench.state.get(TracingContract.plots, "P")?.nitrogen == 170_001)
        #expect(fertilise(5, before: 366 * Self.day) == nil)
        #expect(try bench.state.get(TracingContract.plots, "P")?.nitrogen == 5, "another year begins anew")
    }

    /// AGR-23: rooms are said by holders and owners alone.
    @Test func rooms() throws {
        let bench = ContractBench()
        bench.prepare()
        let code = bench.code(1)
        #expect(bench.commission(code) == nil)
        func store(as role: String, at time: UInt64) -> UInt64? {
            bench.run(
                "store", [("boxes", .array([.text(code.path)])), ("room", "R1"), ("storedAt", .unsigned(time))],
                as: role)
        }
        #expect(store(as: "seller", at: bench.time) == 5)
        #expect(store(as: "farmer", at: bench.time + Self.day) == 3)
        #expect(store(as: "farmer", at: bench.time) == nil)
        #expect(
            bench.run("placeDevice", [("device", "urn:dev:ops:1-x"), ("room", "R1"), ("since", 1)], as: "farmer") == 7)
    }

    /// AGR-17, AGR-20: a document belongs to what it is about, and is recorded once.
    @Test func documents() throws {
        let bench = ContractBench()
        bench.prepare()
        func attach(_ seed: String, about: String, as role: String = "farmer", type: String = "image/png") -> UInt64? {
            bench.run(
                "attach",
                [
                    ("document", .hash(Hash32.sha256(Bytes(seed.utf8)))), ("about", .text(about)),
                    ("mediaType", .text(type)), ("caption", "The field"), ("takenAt", .unsigned(bench.time)),
                ], as: role)
        }
        #expect(attach("1", about: "plot:P", as: "seller") == 5)
        #expect(attach("1", about: "lot:NONE") == 7)
        #expect(attach("1", about: "nonsense") == 112)
        #expect(attach("1", about: "plot:P", type: "text/html") == 3)
        #expect(attach("1", about: "plot:P") == nil)
        #expect(attach("1", about: "lot:LOT") == 8)
        #expect(attach("2", about: "lot:LOT", as: "laboratory") == nil)
    }

    /// AGR-15: falling without a harvest is marked once, cutting is not, and what lies far off the curve is.
    @Test func growth() {
        let day = 86_400_000.0
        func curve(harvests: [Double] = []) -> GrowthCurve {
            GrowthCurve(
                sownAt: 0, expected: [0, 0.1, 0.3, 0.6, 1.0], harvests: harvests.map { UInt64($0 * day) })
        }
        func heights(_ list: [(Double, Double)]) -> [GrowthCurve.Height] {
            list.map { .init(time: UInt64($0.0 * day), metres: $0.1) }
        }
        let regular = heights([(10, 0.1), (15, 0.19), (20, 0.31), (30, 0.58), (60, 1.02)])
        #expect(curve().marks(regular).isEmpty)
        let fallen = heights([(20, 0.3), (30, 0.6), (31, 0.5), (32, 0.5)])
        #expect(curve().marks(fallen).map(\.kind) == [.falling])
        #expect(curve(harvests: [30.5]).marks(fallen).isEmpty)
        #expect(curve().marks(heights([(30, 0.6), (31, 0.62), (40, 0.45)])).map(\.kind) == [.falling])
        #expect(curve().marks(heights([(20, 0.3), (25, 0.9), (26, 0.91)])).map(\.kind) == [.offCurve, .offCurve])
        #expect(abs((curve().expected(at: UInt64(25 * day)) ?? 0) - 0.45) < 1e-9)
        #expect(GrowthCurve(sownAt: nil, expected: [1], harvests: []).expected(at: 5) == nil)
    }
}
