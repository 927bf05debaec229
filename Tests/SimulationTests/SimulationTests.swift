import Foundation
import Testing

/// Whole ledgers under a seeded scheduler: `CAIRN_SIMULATION_SEEDS` says how many seeds, `CAIRN_SEED` plays one again.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds = environment["CAIRN_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 200
    private static let given = environment["CAIRN_SEED"].flatMap { UInt64($0) }

    /// Nothing forks, nothing that was final is lost, and all goes on once what can be mended is mended.
    @Test(arguments: [0, 1]) func holds(_ half: UInt64) throws {
        let seeds = Self.given.map { half == 0 ? [$0] : [] } ?? Array(stride(from: half, to: Self.seeds, by: 2))
        var (crashes, heights, steps, finals) = (0, 0, 0, 0)
        for seed in seeds {
            do {
                let figures = try Simulation.run(seed: seed)
                crashes += figures.crashes
                heights += Int(figures.heights)
                steps += figures.steps
                finals += figures.finals
                if Self.given != nil { print("seed \(seed): \(figures)") }
            } catch {
                Issue.record("CAIRN_SEED=\(seed): \(error)")
            }
        }
        print("\(seeds.count) seeds: \(heights) blocks, \(finals) answers, \(crashes) crashes, \(steps) steps")
    }

    @Test func aSeedReplaysItsRun() throws {
        for seed in UInt64(7)..<10 {
            let (first, second) = (try Simulation.run(seed: seed), try Simulation.run(seed: seed))
            #expect(first.trace == second.trace && first.steps == second.steps, "seed \(seed)")
        }
    }

    /// A mistake that is put in is found, or the seeds find nothing.
    @Test(arguments: Scenario.PlantedBug.allCases.filter { $0 != .none })
    func catches(_ bug: Scenario.PlantedBug) throws {
        for seed in UInt64(0)..<400 {
            do {
                _ = try Simulation.run(seed: seed, bug: bug)
            } catch let violation as Simulation.Violation {
                // Where an order is wrong the ledger stands still; where too few sign, or twice, it forks.
                guard bug == .orderFromWatch || violation.kind == .twoFinalBlocks else { continue }
                print("\(bug) is caught by seed \(seed): \(violation)")
                return
            }
        }
        Issue.record("no seed catches \(bug)")
    }
}
