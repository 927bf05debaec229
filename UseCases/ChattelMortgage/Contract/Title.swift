import ContractKit

/// Who owns a receipt and who controls it, and how that changes: a title escrow as MLETR articles 10 and 11 need it.
///
/// The *beneficiary* owns, the *holder* controls: exactly one of each as long as the receipt is in force. The beneficiary
/// nominates a successor, the holder lets it happen; who got a role may give it back until anything else is done; both
/// roles together surrender the receipt to its issuer, who restores or cancels it.
public struct Title: Sendable, Hashable {
    public enum Stage: String, Sendable {
        case issued, surrendered, cancelled
        /// Other receipts took its place.
        case replaced
    }

    /// Longest remark, bytes.
    public static let maximumRemark = 120

    public var stage = Stage.issued
    /// Empty once the receipt is cancelled.
    public var beneficiary: String
    public var holder: String
    public var nominee: String?
    /// Who had the role before, as long as the transfer can be rejected.
    public var previousBeneficiary: String?
    public var previousHolder: String?

    public init(beneficiary: String, holder: String) {
        self.beneficiary = beneficiary
        self.holder = holder
    }

    init(_ fields: Fields) throws(ContractError) {
        self.init(beneficiary: try fields.text("beneficiary"), holder: try fields.text("holder"))
        guard let stage = Stage(rawValue: try fields.text("stage")) else { throw .corrupt("of a receipt") }
        self.stage = stage
        nominee = fields.optionalText("nominee")
        previousBeneficiary = fields.optionalText("previousBeneficiary")
        previousHolder = fields.optionalText("previousHolder")
    }

    var entries: [(Value, Value)] {
        [
            ("stage", .text(stage.rawValue)), ("beneficiary", .text(beneficiary)), ("holder", .text(holder)),
            ("nominee", .optional(nominee)), ("previousBeneficiary", .optional(previousBeneficiary)),
            ("previousHolder", .optional(previousHolder)),
        ]
    }

    private func requireInForce() throws(ContractError) {
        switch stage {
        case .issued: return
        case .surrendered: throw Refusal.surrendered
        case .cancelled, .replaced: throw Refusal.inactive
        }
    }

    private func requireBeneficiary(_ who: String) throws(ContractError) {
        guard who == beneficiary else { throw .notAuthorised("only the beneficiary may do this") }
    }

    private func requireHolder(_ who: String) throws(ContractError) {
        guard who == holder else { throw .notAuthorised("only the holder may do this") }
    }

    // MARK: Nomination and transfer

    /// - Parameter successor: nil takes a nomination back.
    public mutating func nominate(_ successor: String?, by who: String) throws(ContractError) {
        try requireInForce()
        try requireBeneficiary(who)
        if successor == beneficiary { throw Refusal.alreadyBeneficiary }
        if successor == nominee { throw Refusal.alreadyNominated }
        // Whoever goes on working with the receipt has accepted it.
        previousBeneficiary = nil
        if beneficiary == holder { previousHolder = nil }
        nominee = successor
    }

    public mutating func transferBeneficiary(to successor: String, by who: String) throws(ContractError) {
        try requireInForce()
        try requireHolder(who)
        guard !successor.isEmpty else { throw Refusal.nobody }
        guard beneficiary == holder || successor == nominee else { throw Refusal.notNominated }
        guard successor != beneficiary else { throw Refusal.alreadyBeneficiary }
        if beneficiary == holder { previousHolder = nil }
        previousBeneficiary = beneficiary
        beneficiary = successor
        nominee = nil
    }

    public mutating func transferHolder(to successor: String, by who: String) throws(ContractError) {
        try requireInForce()
        try requireHolder(who)
        guard !successor.isEmpty else { throw Refusal.nobody }
        guard successor != holder else { throw Refusal.alreadyHolder }
        if beneficiary == holder { previousBeneficiary = nil }
        previousHolder = holder
        holder = successor
    }

    /// Both at once: one decision of the holder, and one that is rejected as one.
    public mutating func transferOwners(
        to newBeneficiary: String, _ newHolder: String, by who: String
    ) throws(ContractError) {
        var changed = self
        try changed.transferBeneficiary(to: newBeneficiary, by: who)
        try changed.transferHolder(to: newHolder, by: who)
        changed.previousBeneficiary = beneficiary
        changed.previousHolder = holder
        self = changed
    }

    // MARK: Rejection

    public mutating func rejectBeneficiary(by who: String) throws(ContractError) {
        try requireInForce()
        try requireBeneficiary(who)
        guard let previous = previousBeneficiary else { throw Refusal.nothingToReject }
        if beneficiary == holder, previousHolder != nil { throw Refusal.rejectBoth }
        beneficiary = previous
        previousBeneficiary = nil
        nominee = nil
    }

    public mutating func rejectHolder(by who: String) throws(ContractError) {
        try requireInForce()
        try requireHolder(who)
        guard let previous = previousHolder else { throw Refusal.nothingToReject }
        if beneficiary == holder, previousBeneficiary != nil { throw Refusal.rejectBoth }
        holder = previous
        previousHolder = nil
    }

    public mutating func rejectOwners(by who: String) throws(ContractError) {
        try requireInForce()
        try requireBeneficiary(who)
        try requireHolder(who)
        guard let previous = previousBeneficiary, let before = previousHolder else { throw Refusal.nothingToReject }
        beneficiary = previous
        holder = before
        previousBeneficiary = nil
        previousHolder = nil
        nominee = nil
    }

    // MARK: Surrender

    public mutating func surrender(by who: String) throws(ContractError) {
        try requireInForce()
        try requireBeneficiary(who)
        try requireHolder(who)
        previousBeneficiary = nil
        previousHolder = nil
        nominee = nil
        stage = .surrendered
    }

    /// The issuer gives a surrendered receipt back to who surrendered it.
    public mutating func restore() throws(ContractError) {
        guard stage == .surrendered else { throw Refusal.stage("\(stage.rawValue), but when surrendered") }
        stage = .issued
    }

    /// The issuer ends a surrendered receipt for ever.
    public mutating func cancel() throws(ContractError) {
        guard stage == .surrendered else {
            throw stage == .issued ? Refusal.stage("in force, but when surrendered") : Refusal.inactive
        }
        end(as: .cancelled)
    }

    mutating func end(as stage: Stage) {
        self.stage = stage
        beneficiary = ""
        holder = ""
        nominee = nil
        previousBeneficiary = nil
        previousHolder = nil
    }

    /// A pledge gives control to the bank, a discharge gives it back; neither is a transfer that could be rejected.
    mutating func pass(control holder: String) {
        self.holder = holder
        nominee = nil
        previousBeneficiary = nil
        previousHolder = nil
    }
}
