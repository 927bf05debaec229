import Foundation
import Ledger
import LedgerStore
import Replica
import Sequencing

/// One run of a seed: clients send, things go wrong for some seconds, all is mended but the liar, and the ledger has to go on. What it must
/// keep is looked at after each step.
final class Simulation: @unchecked Sendable {
    struct Violation: Error, CustomStringConvertible {
        enum Kind { case twoFinalBlocks, lost, stopped, noProgress, damaged }
        let kind: Kind
        let description: String
    }

    struct Figures {
        var heights: UInt64 = 0
        var crashes = 0
        var steps = 0
        var trace: UInt64 = 0
        var finals = 0
        /// Of members, and of their keys.
        var changes = 0
        /// That were begun anew.
        var orders = 0
        /// States that were asked for.
        var snapshots = 0
        /// Blocks without their statements, on all disks at the end.
        var bare = 0
        var scenario = ""
    }

    /// When faults end, and how long the ledger then has to make all final that it took, µs.
    private static let faults: UInt64 = 6_000_000, patience: UInt64 = 60_000_000
    /// How long a ledger whose order lied is looked at afterwards: it may stand still, and must not fork.
    private static let afterLies: UInt64 = 4_000_000

    private let cluster: Cluster
    private var figures = Figures()
    /// The header that was final at a height first, wherever.
    private var final: [UInt64: Hash32] = [:]
    private var looked: [Int: UInt64] = [:]
    /// What clients were told.
    private var answers: [(transaction: Hash32, height: UInt64, position: Int)] = []
    private var violation: Violation?
    private var proposal: Statement?

    private init(_ cluster: Cluster) { self.cluster = cluster }

    static func run(seed: UInt64, bug: Scenario.PlantedBug = .none) throws -> Figures {
        let cluster = try Cluster(seed: seed, bug: bug)
        defer { cluster.remove() }
        return try Simulation(cluster).run()
    }

    private var scheduler: Scheduler { cluster.scheduler }
    private var scenario: Scenario { cluster.scenario }

    private func run() throws -> Figures {
        for index in 0..<scenario.members { try cluster.start(index) }
        planClients()
        try planMembers()
        planFaults()
        try advance(to: Self.faults)
        try mend()
        switch scenario.order {
        case .honest: try expectProgress()
        case .rewound, .wiped: try beginOrder()
        default: try advance(to: scheduler.now + Self.afterLies)
        }
        try inspectDisks()
        figures.heights = final.keys.max() ?? 0
        figures.steps = scheduler.steps
        figures.trace = scheduler.trace
        figures.finals = answers.count
        figures.snapshots = cluster.snapshots
        figures.scenario = "order \(scenario.order), liar \(scenario.liar.map { "m\($0)" } ?? "none")"
        figures.changes =
            cluster.honest.compactMap { cluster.node($0)?.members.periods.count }.max().map { $0 - 1 } ?? 0
        return figures
    }

    private func advance(to time: UInt64, until isDone: () -> Bool = { false }) throws {
        while scheduler.now < time, !isDone(), scheduler.step() {
            try look()
            if let violation { throw violation }
        }
    }

    // MARK: Clients

    private func planClients() {
        var time: UInt64 = 100_000
        while time < Self.faults {
            scheduler.after(time) { [self] in
                guard let statement = try? cluster.issue() else { return }
                send(statement, to: Int(scheduler.pick(0...3)))
                // Who hears nothing asks another node.
                if scheduler.chance(30) { send(statement, to: Int(scheduler.pick(0...3))) }
            }
            time += scheduler.pick(20_000...400_000)
        }
    }

    private func send(_ statement: Statement, to index: Int) {
        guard index != scenario.liar, let run = cluster.runs[index], let node = run.node,
            let admitted = try? node.admit(statement.bytes)
        else { return }
        try? node.submit(admitted, within: 120_000) { [self] outcome in
            guard let outcome, cluster.runs[index] === run else { return }
            answers.append((statement.id, outcome.height, outcome.position))
        }
    }

    // MARK: Members

    /// The members admit a fifth while things go wrong, whose node starts some time before or after that; then one of them leaves.
    private func planMembers() throws {
        if scenario.rotates != nil {
            for _ in 0..<2 { after(scheduler.pick(300_000...Self.faults - 100_000)) { $0.rotate() } }
        }
        guard let newcomer = cluster.newcomer else { return }
        let proposal = try cluster.proposal(of: newcomer, by: 0)
        self.proposal = proposal
        after(scheduler.pick(100_000...4_000_000)) { try? $0.cluster.start(newcomer) }
        for _ in 0..<3 { after(scheduler.pick(300_000...4_000_000)) { $0.vote() } }
        after(scheduler.pick(3_000_000...Self.faults - 100_000)) { $0.leave() }
    }

    private func vote() {
        guard let proposal else { return }
        send(proposal, to: Int(scheduler.pick(0...3)))
        after(400_000) { simulation in
            for voter in 1..<simulation.scenario.members {
                let arguments: [(String, CBOR)] = [("proposal", .hash(proposal.id)), ("approve", true)]
                guard let ballot = try? simulation.cluster.ballot("voteOnMember", arguments, of: voter) else {
                    continue
                }
                simulation.send(ballot, to: Int(simulation.scheduler.pick(0...3)))
            }
        }
    }

    private func leave() {
        guard let leaver = scenario.leaver, let known = cluster.node(leaver), known.members.current.count == 5,
            let word = try? cluster.ballot("leaveMembers", [], of: leaver)
        else { return }
        for index in cluster.honest { send(word, to: index) }
    }

    /// A member's next key lies beside the present one; the statement goes to whichever nodes there are.
    private func rotate() {
        guard let index = scenario.rotates, let next = cluster.rotated,
            cluster.node(index)?.serving.member.keys.shown.kid != next.kid,
            let word = try? cluster.rotation(of: index, to: next)
        else { return }
        for _ in 0..<2 { send(word, to: Int(scheduler.pick(0...3))) }
    }

    /// As ``settleMembers()``, for the key of one; its node alone has to see to it that it signs with the new one, and keeps no other.
    private func settleKeys() throws {
        guard let index = scenario.rotates, let next = cluster.rotated else { return }
        let isKnown = {
            self.cluster.honest.allSatisfy { node in
                node == self.scenario.leaver
                    || self.cluster.node(node)?.members.current.member(kid: next.kid)?.id == "m\(index)"
            }
        }
        for _ in 0..<20 where !isKnown() {
            rotate()
            try advance(to: scheduler.now + 3_000_000, until: isKnown)
        }
        let isSettled = { self.cluster.folders[index].map(\.kid) == [next.kid] }
        try advance(to: scheduler.now + Self.patience, until: isSettled)
        guard isKnown(), isSettled() else {
            let known = cluster.honest.map { node in
                "m\(node) at \(cluster.node(node)?.finalHeight ?? 0) "
                    + (cluster.node(node)?.members.current.member(kid: next.kid) == nil
                        ? "knows the old" : "knows the new")
            }
            throw Violation(
                kind: .noProgress,
                description:
                    "the key of m\(index) was not replaced: \(known.joined(separator: ", ")); \(cluster.folders[index].count) keys are kept"
            )
        }
    }

    private func members(at index: Int) -> [String] { cluster.node(index)?.members.current.members.map(\.id) ?? [] }

    /// What members decided in vain while things went wrong they decide again: then all honest nodes know the same members.
    private func settleMembers() throws {
        guard let newcomer = cluster.newcomer else { return }
        let hasJoined = { self.cluster.honest.allSatisfy { self.members(at: $0).contains("m\(newcomer)") } }
        for _ in 0..<20 where !hasJoined() {
            vote()
            try advance(to: scheduler.now + 3_000_000, until: hasJoined)
        }
        guard hasJoined() else { throw Violation(kind: .noProgress, description: "the newcomer was not admitted") }
        guard let leaver = scenario.leaver else { return }
        let hasLeft = {
            self.cluster.honest.allSatisfy { $0 == leaver || !self.members(at: $0).contains("m\(leaver)") }
        }
        for _ in 0..<20 where !hasLeft() {
            leave()
            try advance(to: scheduler.now + 3_000_000, until: hasLeft)
        }
        guard hasLeft() else { throw Violation(kind: .noProgress, description: "m\(leaver) could not leave") }
    }

    // MARK: Faults

    private func planFaults() {
        for _ in 0..<scheduler.pick(1...5) {
            let time = scheduler.pick(200_000...Self.faults - 500_000)
            switch scheduler.pick(0...5) {
            case 0: after(time) { $0.cluster.network.loss = Int($0.scheduler.pick(5...40)) }
            case 1: after(time) { $0.cluster.network.delay = 200...$0.scheduler.pick(10_000...800_000) }
            case 2: after(time) { $0.partition() }
            default: planCrash(at: time)
            }
        }
        for _ in 0..<scheduler.pick(0...3) {
            after(scheduler.pick(500_000...Self.faults)) { $0.cluster.disturbOrder() }
        }
        after(scheduler.pick(1_000_000...3_000_000)) { $0.lieAboutOrder() }
        guard scenario.keepBlocks != nil else { return }
        for time in stride(from: UInt64(1_000_000), to: Self.faults, by: 1_000_000) {
            after(time) { simulation in for index in simulation.cluster.honest { simulation.cluster.prune(index) } }
        }
    }

    private func after(_ delay: UInt64, _ action: @escaping (Simulation) -> Void) {
        scheduler.after(delay) { action(self) }
    }

    private func partition() {
        for place in SimulatedNetwork.etcd..<cluster.keys.count {
            cluster.network.sides[place] = scheduler.chance(35) ? 1 : 0
        }
    }

    private func planCrash(at time: UInt64) {
        let index = Int(scheduler.pick(0...UInt64(cluster.keys.count - 1)))
        // One member at most forgets what it signed; which, the seed says.
        let disk: Cluster.Disk =
            scenario.losesDisk && index == Int(scheduler.random.seed % UInt64(cluster.keys.count)) ? .lost : .kept
        let away = scheduler.pick(10_000...1_500_000)
        after(time) {
            guard $0.cluster.runs[index] != nil else { return }
            $0.cluster.crash(index)
            $0.figures.crashes += 1
            $0.looked[index] = nil
            $0.after(away) { simulation in
                if simulation.cluster.runs[index] == nil { try? simulation.cluster.restart(index, disk: disk) }
            }
        }
    }

    private func lieAboutOrder() {
        switch scenario.order {
        case .honest: break
        case .split: splitOrder()
        case .rewound: cluster.etcd.rewind()
        case .wiped: cluster.etcd.wipe()
        case .slotLeftOut: cluster.etcd.damage(repeating: false)
        case .slotRepeated: cluster.etcd.damage(repeating: true)
        }
    }

    /// One honest member is shown another order, and is apart; a second one is turned to it by a crash. The liar hears and tells everybody.
    private func splitOrder() {
        let others = cluster.honest.shuffled(using: &scheduler.random)
        let (apart, turned) = (others[0], others[1])
        cluster.etcd.split([apart])
        for index in others { cluster.network.sides[index] = index == apart ? 1 : 0 }
        guard scheduler.chance(80) else { return }
        after(scheduler.pick(300_000...1_500_000)) { simulation in
            simulation.cluster.crash(turned)
            simulation.figures.crashes += 1
            simulation.looked[turned] = nil
            simulation.cluster.etcd.show(1, to: turned)
            simulation.cluster.network.sides[turned] = 1
            simulation.after(50_000) { try? $0.cluster.restart(turned, disk: .kept) }
        }
    }

    private func mend() throws {
        cluster.network.heal()
        for index in cluster.keys.indices where cluster.runs[index] == nil {
            try cluster.restart(index, disk: .kept)
        }
    }

    // MARK: A new order

    /// Operators of one node after the other begin a new order until there is one, or until it turns out that there was nothing to lose yet.
    private func beginOrder() throws {
        let honest = cluster.honest.filter { $0 < scenario.members }
        let hasBegun = { honest.contains { self.cluster.node($0)?.epoch ?? 0 > 0 } }
        for round in 0..<15 where !hasBegun() {
            cluster.beginOrder(at: honest[round % honest.count])
            try advance(to: scheduler.now + 4_000_000, until: hasBegun)
        }
        let isLost = honest.contains { cluster.node($0)?.trouble != nil }
        if hasBegun() {
            figures.orders += 1
            try advance(to: scheduler.now + Self.afterLies)
        } else if scenario.order == .rewound {
            // An order that went back may have gone on for some; what they signed of it stands against the others.
            return
        } else if isLost, areSound {
            throw Violation(
                kind: .noProgress,
                description: "no new order was begun: \(honest.map { cluster.node($0)?.trouble ?? "-" })")
        }
        if areSound { try expectProgress() }
    }

    private var areSound: Bool { cluster.honest.allSatisfy { cluster.node($0)?.failure == nil } }

    // MARK: What must hold

    /// Compares what became final since the last look with what was final elsewhere.
    private func look() throws {
        for index in cluster.honest {
            guard let run = cluster.runs[index] else { continue }
            if let failure = run.failure, !(failure is CancellationError) {
                throw Violation(kind: .stopped, description: "m\(index) does not start: \(failure)")
            }
            guard let node = run.node else { continue }
            if scenario.order == .honest, let failure = node.failure {
                throw Violation(kind: .stopped, description: "m\(index) stopped: \(failure)")
            }
            let height = node.finalHeight
            var next = looked[index] ?? 0
            while next < height {
                next += 1
                guard let block = try run.store.block(at: next) else {
                    throw Violation(kind: .lost, description: "m\(index) has no block \(next), which was final")
                }
                let hash = block.header.hash
                if final[next, default: hash] != hash {
                    throw Violation(
                        kind: .twoFinalBlocks, description: "two blocks \(next) are final, one at m\(index)")
                }
                final[next] = hash
                looked[index] = next
            }
        }
    }

    private func expectProgress() throws {
        var heights: [UInt64] = []
        try settleMembers()
        try settleKeys()
        let before = answers.count
        let signing = cluster.honest.filter { $0 != scenario.leaver }
        for index in signing {
            // A node that has just started is not there yet.
            try advance(to: scheduler.now + Self.patience) { self.cluster.node(index)?.admits ?? false }
            send(try cluster.issue(), to: index)
        }
        let wanted = before + signing.count
        try advance(to: scheduler.now + Self.patience) {
            heights = signing.map { self.cluster.node($0)?.finalHeight ?? 0 }
            return self.answers.count >= wanted && Set(heights).count == 1
        }
        // A member that made blocks of its own of an order that went back stands still, which may be one too many.
        if scenario.order != .honest, !areSound { return }
        guard answers.count >= wanted, Set(heights).count == 1 else {
            let nodes = signing.map { index in
                let node = cluster.node(index)
                return
                    "m\(index) \(node?.finalHeight ?? 0)/\(node?.serving.head.height ?? 0) of epoch \(node?.epoch ?? 0), \(node?.pending ?? 0) wait \(node?.trouble ?? "") \(node?.failure?.message ?? "")"
            }
            throw Violation(
                kind: .noProgress,
                description:
                    "a minute after all was mended \(answers.count) of \(wanted) are answered; order \(scenario.order); \(nodes)"
            )
        }
    }

    /// What clients were told is on every honest disk that got as far, and each disk holds together.
    private func inspectDisks() throws {
        for index in cluster.honest {
            guard let store = cluster.runs[index]?.store else { continue }
            do {
                figures.bare += try store.audit(verifyingSignatures: true)?.bareBlocks ?? 0
            } catch {
                throw Violation(kind: .damaged, description: "the disk of m\(index) does not hold together: \(error)")
            }
            let height = cluster.node(index)?.finalHeight ?? 0
            for answer in answers where answer.height <= height {
                let block = try store.block(at: answer.height)
                guard let block, block.items.indices.contains(answer.position),
                    block.items[answer.position].result.transaction == answer.transaction
                else {
                    throw Violation(
                        kind: .lost, description: "m\(index) does not have \(answer.transaction), which was FINAL")
                }
            }
        }
    }
}

extension LedgerNode {
    fileprivate var admits: Bool { failure == nil && finalHeight > 0 }
}
