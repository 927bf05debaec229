import Replica

/// What goes wrong in a run. Everything that members may suffer at once stays within what the ledger says it survives: as many members as
/// ``MemberSet/liarsSurvived`` lie or forget what they signed where the orderer lies too.
struct Scenario {
    /// A mistake put in on purpose.
    enum PlantedBug: String, CaseIterable {
        case none
        /// A node that crashed does not know what it signed.
        case noSignState
        /// One signature less than a quorum makes a block final.
        case quorumOffByOne
        /// The order is taken from a watch instead of from the chain of slots.
        case orderFromWatch
    }

    enum Order: CaseIterable {
        case honest
        /// Shows some members another order from some time on.
        case split
        /// Goes back to an older copy.
        case rewound
        /// Loses everything; members begin it anew.
        case wiped
        case slotLeftOut
        case slotRepeated
    }

    var members = 4
    var liar: Int?
    var order = Order.honest
    /// Whether a member may lose its disk and come back with an empty one.
    var losesDisk = false
    /// Whether the members admit a fifth.
    var joins = false
    /// Who leaves once the fifth is there.
    var leaver: Int?
    /// Who takes another key.
    var rotates: Int?
    var bug = PlantedBug.none
    /// Blocks behind from which on a node takes over a peer's state.
    var snapshotBeyond: UInt64 = 10_000
    /// Blocks whose statements members keep; nil for all.
    var keepBlocks: UInt64?

    init(_ scheduler: Scheduler, bug: PlantedBug) {
        self.bug = bug
        if scheduler.chance(60) { snapshotBeyond = scheduler.pick(0...4) }
        if scheduler.chance(35) { order = Order.allCases[Int(scheduler.pick(1...5))] }
        if scheduler.chance(60) { liar = Int(scheduler.pick(0...3)) }
        losesDisk = scheduler.chance(40)
        joins = scheduler.chance(40)
        if joins, scheduler.chance(50) { leaver = (0..<members).first { $0 != liar && $0 > 0 } }
        if scheduler.chance(40) { rotates = (0..<members).last { $0 != liar && $0 != leaver } }
        // These are what the bugs are about: an order that lies, and somebody who signs everything.
        if bug == .noSignState || bug == .quorumOffByOne { order = .split }
        if bug == .noSignState { liar = liar ?? 3 }
        if bug == .orderFromWatch { order = .honest }
        // Where the orderer lies, one who forgot is one who may sign twice.
        if order != .honest, liar != nil { losesDisk = false }
        // Where blocks are gone, one with an empty disk joins by the state of a final block; and what a liar does not sign may have to wait
        // for that one to become final.
        if liar == nil || !losesDisk && !joins, scheduler.chance(50) { keepBlocks = scheduler.pick(2...6) }
    }
}
