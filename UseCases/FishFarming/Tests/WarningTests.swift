import ContractKit
import FishFarmingContract
import Ledger
import Testing

/// FISH-12, FISH-13: what vets and the market tell.
struct WarningTests {
    private typealias Fish = FishFarmingContract
    private let bench = FishBench()

    init() { bench.farm() }

    @Test("a vet finds a disease in a batch; nobody else does, and not where the farmer lets no such data be collected")
    func disease() throws {
        let found: [(String, CBOR)] = [
            ("batch", "b"), ("disease", "streptococcosis"), ("isConfirmed", .bool(true)),
        ]
        #expect(bench.run("recordDisease", found) == 5)
        #expect(bench.run("recordDisease", found, as: "vet") == nil)
        let finding = try bench.runner.state.get(Fish.findings, Fish.report("b", 0))
        #expect(finding?.disease == "streptococcosis" && finding?.isConfirmed == true && finding?.by == "vet")
        bench.run("withdraw", [("classes", ["medicine"])])
        #expect(bench.run("recordDisease", found, as: "vet") == 120)
    }

    @Test("a warning of a water names no farm, no batch and no pond")
    func warning() throws {
        #expect(bench.run("joinWater", [("water", "delta")], as: "neighbour") == 110)
        #expect(bench.run("joinWater", [("water", "delta")]) == nil)
        let told: [(String, CBOR)] = [("water", "delta"), ("pseudonym", "x7"), ("disease", "columnaris")]
        #expect(bench.run("warnWater", told) == 5)
        #expect(bench.run("warnWater", told, as: "vet") == nil)
        #expect(bench.run("warnWater", told, as: "vet") == 8)
        let warning = try #require(try bench.runner.state.get(Fish.warnings, "delta/x7"))
        #expect(warning.disease == "columnaris")
        #expect(warning.cbor.map?.count == 2)
    }

    @Test("the company tells a price once a day, for a day that has come")
    func price() throws {
        let today = bench.runner.time / 86_400_000
        func tell(_ day: UInt64, _ price: UInt64, as id: String = "service") -> UInt64? {
            bench.run(
                "recordPrice", [("species", "tilapia"), ("day", .unsigned(day)), ("price", .unsigned(price))], as: id)
        }
        #expect(tell(today, 300, as: "farmer") == 5)
        #expect(tell(today + 1, 300) == 3)
        #expect(tell(today - 1, 300) == nil && tell(today, 250) == nil)
        #expect(tell(today, 260) == 8)
        #expect(try Fish.prices(of: "tilapia", in: bench.runner.state).map(\.price) == [300, 250])
    }
}
