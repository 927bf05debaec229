import ContractKit

/// The market of one microgrid, ISO/IEC TR 30176:2021 clause 6.4: sealed orders, an auction, delivery by two meters, escrow.
///
/// ```
/// surplus, seal ──gate──▶ open ──clearing──▶ accept ──start──▶ (energy flows) ──end──▶ measure ──report──▶ pay, confirm
/// ```
/// Operations and when they are refused: UseCases/EnergyTrading/README.md.
public struct EnergyContract: Contract {
    public static let contractName = "energy"

    public static let prosumers = StateMap<Prosumer>(contractName, "prosumers")
    public static let acceptances = StateMap<StandingAcceptance>(contractName, "acceptances")
    /// Wh that a participant says it will have to spare; `<interval>/<participant>`.
    public static let surpluses = StateMap<UInt64>(contractName, "surpluses")
    public static let orders = StateMap<Order>(contractName, "orders")
    public static let clearings = StateMap<Clearing>(contractName, "clearings")
    public static let trades = StateMap<Trade>(contractName, "trades")
    public static let meters = StateMap<Metered>(contractName, "meters")
    /// Minor units that a participant owes for energy that did not come and could not be taken from its account;
    /// `<interval>/<participant>`.
    public static let debts = StateMap<UInt64>(contractName, "debts")

    /// Terms between two neighbours; `<seller>/<id>`.
    public static let agreements = StateMap<Agreement>(contractName, "agreements")
    public static let sessions = StateMap<ChargingSession>(contractName, "sessions")
    /// What stops trading, while it does.
    public static let disturbance = StateMap<GridState>(contractName, "disturbance")
    public static let credits = StateMap<Credit>(contractName, "credits")
    /// Points that an interval took from a participant, and how often it changed its order; `<interval>/<participant>`.
    public static let marks = StateMap<UInt64>(contractName, "marks")
    public static let changes = StateMap<UInt64>(contractName, "changes")
    /// Why a fault of the grid excuses everybody; `<interval>`.
    public static let excuses = StateMap<String>(contractName, "excuses")
    public static let appeals = StateMap<Appeal>(contractName, "appeals")

    public enum Role {
        public static let prosumer = "prosumer"
        public static let aggregator = "aggregator"
    }

    /// Who orders once most from an interval.
    public static let maximumOrders = Auction.maximumEntries

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        let rules = try EnergyRules(context.parameters)
        switch operation.name {
        case "register": try register(&arguments, rules, context)
        case "standing": try standing(&arguments, context)
        case "surplus": try surplus(&arguments, rules, context)
        case "seal": try seal(&arguments, rules, context)
        case "withdraw": try withdraw(&arguments, rules, context)
        case "open": try open(&arguments, rules, context)
        case "accept": try accept(&arguments, rules, context)
        case "cross": try cross(&arguments, rules, context)
        case "measure": try measure(&arguments, rules, context)
        case "pay": try pay(&arguments, rules, context)
        case "resolve": try resolve(&arguments, rules, context)
        case "confirm": try confirm(&arguments, rules, context)
        case "settleDebt": try settleDebt(&arguments, rules, context)
        case "offerAgreement": try offerAgreement(&arguments, rules, context)
        case "signAgreement": try signAgreement(&arguments, rules, context)
        case "endAgreement": try endAgreement(&arguments, rules, context)
        case "observe": try observe(&arguments, rules, context)
        case "offerSession": try offerSession(&arguments, rules, context)
        case "joinSession": try joinSession(&arguments, rules, context)
        case "recordSession": try recordSession(&arguments, rules, context)
        case "endSession": try endSession(&arguments, rules, context)
        case "excuse": try excuse(&arguments, rules, context)
        case "contest": try contest(&arguments, rules, context)
        case "answerAppeal": try answerAppeal(&arguments, rules, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// `clear`, `begin`, `settle` and `collect`, each with its interval; `serve` with an agreement too; `session` with its key.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        let rules = try EnergyRules(context.parameters)
        if id.hasPrefix("session ") { return try settleSession(String(id.dropFirst(8)), rules, context) }
        let parts = id.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, let interval = UInt64(parts[1]) else { return }
        switch parts[0] {
        case "clear": try clear(interval, rules, context)
        case "begin": try begin(interval, rules, context)
        case "settle": try settle(interval, rules, context)
        case "collect": try collect(interval, rules, context)
        case "serve": try serve(interval, String(parts.last ?? ""), rules, context)
        default: return
        }
    }

    enum Refusal {
        static let notRegistered = ContractError(100, "the aggregator has registered no meter of yours; ask for it")
        static let gateClosed = ContractError(101, "the gate of this interval is closed; order for a later one")
        static let notOpening = ContractError(
            102, "orders are opened between gate closure and the auction of their interval")
        static let otherOrder = ContractError(
            103, "this is not the order that was sealed; send its very terms and salt")
        static let opened = ContractError(104, "this order is open already")
        static func overSurplus(_ surplus: UInt64) -> ContractError {
            ContractError(105, "you told the aggregator of \(surplus) Wh to spare; energy is sold once")
        }
        static let tooMany = ContractError(106, "the interval has \(maximumOrders) orders; take another")
        static func notProposed(_ stage: Trade.Stage) -> ContractError {
            ContractError(107, "the trade is \(stage.rawValue); nothing is to be accepted")
        }
        static let notOver = ContractError(108, "the interval is not over, or its time for reports is")
        static let measured = ContractError(109, "this meter's interval is on the ledger; a correction is a dispute")
        static func notPayable(_ stage: Trade.Stage) -> ContractError {
            ContractError(110, "the trade is \(stage.rawValue), not payable")
        }
        static func otherAmount(_ amount: UInt64) -> ContractError {
            ContractError(111, "the payable is \(amount); pay exactly that")
        }
        static func notPaid(_ stage: Trade.Stage) -> ContractError {
            ContractError(112, "the trade is \(stage.rawValue); paid trades are confirmed, once")
        }
        static let notDisputed = ContractError(113, "only a disputed trade is resolved")
        static let notCleared = ContractError(114, "the local auction comes first, and the interval has not begun")
        static func unmatched(_ left: UInt64) -> ContractError {
            ContractError(115, "orders within this price leave \(left) Wh; no more can cross")
        }
        static let surplusUsed = ContractError(116, "an order for this interval is sealed; withdraw it first")
        static let otherTerms = ContractError(117, "these are not the terms that were offered; sign its very terms")
        static func lowCredit(_ points: UInt64) -> ContractError {
            ContractError(
                118, "your credit is \(points) of \(Credit.threshold) points; contest what you think is wrong")
        }
        static func overCredit(_ energy: UInt64) -> ContractError {
            ContractError(119, "your credit is good for \(energy) Wh in an interval")
        }
        static let tooManyChanges = ContractError(
            120, "an order is changed \(maximumChanges) times at most; order for another interval")
        static let settledAlready = ContractError(121, "the interval is settled; its parties may contest it")
        static let disturbed = ContractError(
            124, "the grid is outside its limits; trading goes on once it is itself again")
        static let sessionNotRunning = ContractError(122, "the session has not begun, or is over")
        static let sessionGoesBack = ContractError(123, "a session's meter only goes on from its first message")
    }

    // MARK: Keys

    static func place(_ interval: UInt64, _ participant: String) -> String { "\(interval)/\(participant)" }

    /// `<currency>/<payer>/<id>` of the money that stands behind an order, or behind a trade.
    static func hold(_ rules: EnergyRules, _ payer: String, _ interval: UInt64, trade: UInt64? = nil) -> String {
        "\(rules.currency)/\(payer)/\(holdID(interval, trade: trade))"
    }

    static func holdID(_ interval: UInt64, trade: UInt64?) -> String {
        trade.map { "energy-\(interval)-\($0)" } ?? "energy-\(interval)"
    }

    static func interval(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) -> UInt64 {
        let interval = try arguments.unsigned("interval")
        try rules.requireInterval(interval, at: context.time)
        return interval
    }

    static func requireAggregator(_ rules: EnergyRules, _ context: ContractContext) throws(ContractError) {
        guard context.sender.id == rules.aggregator else {
            throw .notAuthorised("\(rules.aggregator) keeps this market")
        }
    }
}
