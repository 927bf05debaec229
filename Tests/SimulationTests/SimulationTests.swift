import Foundation
import Testing

/// Whole ledgers under a seeded scheduler: `CAIRN_SIMULATION_SEEDS` says how many seeds, `CAIRN_SEED` plays one again.
@Suite(.serialized) struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds = environment["CAIRN_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 150
    /// What others found: a node whose own slot came back as a block of a peer filled no further ones.
    private static let found: [UInt64] = [667]
    private static let given = environment["CAIRN_SEED"].flatMap { UInt64($0) }

    /// A run takes its thread for itself, and so none of those that tasks of other tests wait for.
    private static func run(seed: UInt64, bug: Scenario.PlantedBug = .none) async throws -> Simulation.Figures {
        try await withCheckedThrowingContinuation { finished in
            let thread = Thread { finished.resume(with: Result { try Simulation.run(seed: seed, bug: bug) }) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Nothing forks, nothing that was final is lost, and all goes on once what can be mended is mended.
    @Test func holds() async throws {
        let seeds = Self.given.map { [$0] } ?? Array(0..<Self.seeds) + Self.found.filter { $0 >= Self.seeds }
        var (crashes, heights, steps, finals, changes) = (0, 0, 0, 0, 0)
        var (orders, snapshots, bare) = (0, 0, 0)
        for seed in seeds {
            do {
                let figures = try await Self.run(seed: seed)
                crashes += figures.crashes
                heights += Int(figures.heights)
                steps += figures.steps
                finals += figures.finals
                changes += figures.changes
                orders += figures.orders
                snapshots += figures.snapshots
                bare += figures.bare
                if Self.given != nil { print("seed \(seed): \(figures)") }
            } catch {
                Issue.record("CAIRN_SEED=\(seed): \(error)")
            }
        }
        print(
            "\(seeds.count) seeds: \(heights) blocks, \(finals) answers, \(changes) changes of members, \(orders) new orders, \(crashes) crashes, \(snapshots) states handed out, \(bare) blocks without statements, \(steps) steps"
        )
        // Some of many seeds have nodes that join by a state, and nodes that let go of statements.
        if Self.given == nil { #expect(snapshots > 0 && bare > 0) }
    }

    @Test func aSeedReplaysItsRun() async throws {
        for seed in UInt64(7)..<10 {
            let (first, second) = (try await Self.run(seed: seed), try await Self.run(seed: seed))
            #expect(first.trace == second.trace && first.steps == second.steps, "seed \(seed)")
        }
    }

    /// A mistake that is put in is found, or the seeds find nothing.
    @Test(arguments: Scenario.PlantedBug.allCases.filter { $0 != .none })
    func catches(_ bug: Scenario.PlantedBug) async throws {
        for seed in UInt64(0)..<400 {
            do {
                _ = try await Self.run(seed: seed, bug: bug)
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
