import ContractKit

/// What genesis says about parking; times in ms.
public struct ParkingRules: Sendable, Hashable {
    /// The least that a lot can say is too long: an hour.
    public static let shortest: UInt64 = 3_600_000

    /// A read is taken alone when its weakest character is at least so sure, thousandths; two that agree, when both are at
    /// least ``agreeing``.
    public let sure: UInt64
    public let agreeing: UInt64
    /// Nobody drives from one lot to another in less.
    public let travel: UInt64
    /// A stay this long without an exit is reviewed, where its lot does not say less; and it is billed for no longer.
    public let longest: UInt64
    /// A claim is due so long after it was made; no fee is added before.
    public let claim: UInt64
    /// Tariffs are published so long before they hold.
    public let notice: UInt64
    /// Passages may come so late, after the uplink was away.
    public let lateness: UInt64
    /// Refunds above need a second person.
    public let refund: UInt64

    public init(_ parameters: ValueMap) throws(ContractError) {
        guard let sure = parameters["sure"]?.unsigned, let agreeing = parameters["agreeing"]?.unsigned,
            let travel = parameters["travel"]?.unsigned, let longest = parameters["longest"]?.unsigned,
            let claim = parameters["claim"]?.unsigned, let notice = parameters["notice"]?.unsigned,
            let lateness = parameters["lateness"]?.unsigned, let refund = parameters["refund"]?.unsigned,
            longest <= Bill.maximumStay * 1000, [travel, claim, notice, lateness].allSatisfy({ $0 < 1 << 40 })
        else { throw .corrupt("of the rules of parking in genesis") }
        (self.sure, self.agreeing, self.travel, self.longest) = (sure, agreeing, travel, longest)
        (self.claim, self.notice, self.lateness, self.refund) = (claim, notice, lateness, refund)
    }
}
