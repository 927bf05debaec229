import ContractKit
import FishFarmingContract
import Testing

struct WaterLevelsTests {
    /// Species, grams of a fish, and the levels: aerate from, until, alarm, and the fall in an hour; hundredths of mg/L.
    private static let table: [(species: String, grams: UInt64, levels: [UInt64])] = [
        ("Nile tilapia", 2, [400, 600, 300, 100]), ("Nile tilapia", 20, [350, 550, 250, 150]),
        ("Nile tilapia", 400, [300, 500, 200, 200]), ("Rainbow trout", 4, [700, 850, 550, 50]),
        ("Rainbow trout", 49, [650, 800, 500, 100]), ("Rainbow trout", 50, [600, 750, 450, 150]),
        ("African catfish", 300, [250, 400, 130, 200]), ("Common carp", 5, [350, 500, 200, 150]),
        ("European perch", 120, [450, 600, 300, 150]),
    ]

    @Test("FISH-19: levels by species and stage of life", arguments: table.indices)
    func levels(_ row: Int) throws {
        let (species, grams, expected) = Self.table[row]
        let levels = try #require(WaterLevels(species: species, stage: .init(grams: grams)))
        #expect([levels.on, levels.off, levels.alarm, levels.fall] == expected)
    }

    @Test("FISH-19: a pond keeps its own levels where they are higher, for unknown species, and until fish are weighed")
    func ofAPond() throws {
        let bench = FishBench()
        bench.farm()
        func levels() throws -> [UInt64] {
            let pond = try #require(try bench.runner.state.get(FishFarmingContract.ponds, "p"))
            let levels = WaterLevels(pond, batch: try bench.runner.state.get(FishFarmingContract.batches, "b"))
            return [levels.on, levels.off, levels.alarm]
        }
        #expect(try levels() == [300, 500, 200])
        #expect(bench.run("weigh", [("batch", "b"), ("meanGrams", 3)]) == nil)
        #expect(try levels() == [400, 600, 300])
        #expect(bench.run("weigh", [("batch", "b"), ("meanGrams", 250)]) == nil)
        #expect(try levels() == [300, 500, 200])
        #expect(WaterLevels(species: "sturgeon", stage: .grown) == nil)
    }
}
