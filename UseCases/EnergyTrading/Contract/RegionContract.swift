import ContractKit

/// The aggregators' ledger: microgrids are registered, anchor the heads of their private ledgers, and trade what their
/// own markets left. It has net positions only: no order, meter or person of a microgrid.
public struct RegionContract: Contract {
    public static let contractName = "region"

    /// By aggregator.
    public static let microgrids = StateMap<Microgrid>(contractName, "microgrids")
    /// The latest head of each private ledger; `<aggregator>`.
    public static let anchors = StateMap<Anchor>(contractName, "anchors")
    /// `<interval>/<aggregator>`.
    public static let positions = StateMap<Position>(contractName, "positions")
    /// `<interval>/<number>`.
    public static let decisions = StateMap<Decision>(contractName, "decisions")
    /// Price of an interval in thousandths of a minor unit for a kWh; none where nothing crossed.
    public static let prices = StateMap<UInt64>(contractName, "prices")

    public enum Role {
        public static let aggregator = "aggregator"
    }

    public static let maximumMicrogrids = 100

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        let rules = try RegionRules(context.parameters)
        switch operation.name {
        case "register": try register(&arguments, context)
        case "suspend": try suspend(&arguments, context)
        case "leave": try leave(&arguments, context)
        case "anchor": try anchor(&arguments, context)
        case "position": try position(&arguments, rules, context)
        case "report": try report(&arguments, rules, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        let rules = try RegionRules(context.parameters)
        let parts = id.split(separator: " ")
        guard parts.count == 2, let interval = UInt64(parts[1]) else { return }
        switch parts[0] {
        case "clear": try clear(interval, rules, context)
        case "settle": try settle(interval, rules, context)
        default: return
        }
    }

    enum Refusal {
        static let notRegistered = ContractError(
            100, "your microgrid is not registered, or suspended; the registrar registers it")
        static let gateClosed = ContractError(101, "the gate of this interval is closed; take a later one")
        static func overCapacity(_ capacity: UInt64) -> ContractError {
            ContractError(102, "the line takes \(capacity) Wh in an interval")
        }
        static let oneSide = ContractError(103, "the position of this interval is on the ledger")
        static let openTrades = ContractError(104, "trades are not settled yet; leave after that")
        static func behind(_ height: UInt64) -> ContractError {
            ContractError(105, "height \(height) is anchored; heads only move on")
        }
        static let notOver = ContractError(106, "the interval is not over, or its time for reports is")
        static let reported = ContractError(107, "this side reported")
    }

    // MARK: Membership

    private func register(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let aggregator = try arguments.text("aggregator", maximum: 100)
        let ledger = try arguments.hash("ledger")
        let licence = try arguments.hash("licence")
        let capacity = try arguments.unsigned("capacity", in: 1...OrderTerms.maximumEnergy)
        try arguments.finish()
        try context.requireRole(MembershipContract.registrar)
        try context.requireEntry(MembershipContract.participants, aggregator, "the aggregator")
        context.set(
            Self.microgrids, aggregator,
            Microgrid(ledger: ledger, licence: licence, capacity: capacity, isSuspended: false, open: 0))
        try context.emit("registered", subject: aggregator, [("ledger", .hash(ledger))])
    }

    private func suspend(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let aggregator = try arguments.text("aggregator", maximum: 100)
        let isSuspended = try arguments.bool("suspended")
        let reason = try arguments.text("reason")
        try arguments.finish()
        try context.requireRole(MembershipContract.registrar)
        var microgrid = try context.require(Self.microgrids, aggregator, "the microgrid of")
        microgrid.isSuspended = isSuspended
        context.set(Self.microgrids, aggregator, microgrid)
        try context.emit(isSuspended ? "suspended" : "admitted", subject: aggregator, [("reason", .text(reason))])
    }

    /// A microgrid goes once nothing of it is open.
    private func leave(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try arguments.finish()
        let microgrid = try context.require(Self.microgrids, context.sender.id, "the microgrid of")
        guard microgrid.open == 0 else { throw Refusal.openTrades }
        context.remove(Self.microgrids, context.sender.id)
        try context.emit("left", subject: context.sender.id)
    }

    /// Puts the head of a private ledger where its members cannot take it back.
    private func anchor(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let anchor = Anchor(
            ledger: try arguments.hash("ledger"), height: try arguments.unsigned("height"),
            header: try arguments.hash("header"), size: try arguments.unsigned("size"),
            root: try arguments.hash("root"))
        try arguments.finish()
        let microgrid = try Self.requireMicrogrid(context)
        guard anchor.ledger == microgrid.ledger else {
            throw .notAuthorised("the registered ledger of \(context.sender.id) is \(microgrid.ledger)")
        }
        if let last = try context.get(Self.anchors, context.sender.id), last.height >= anchor.height {
            throw Refusal.behind(last.height)
        }
        context.set(Self.anchors, context.sender.id, anchor)
        try context.emit("anchored", subject: context.sender.id, [("height", .unsigned(anchor.height))])
    }

    static func requireMicrogrid(_ context: ContractContext) throws(ContractError) -> Microgrid {
        guard let microgrid = try context.get(microgrids, context.sender.id), !microgrid.isSuspended else {
            throw Refusal.notRegistered
        }
        return microgrid
    }
}
