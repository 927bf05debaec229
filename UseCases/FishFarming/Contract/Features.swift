import ContractKit

/// What a model may look at. Nothing about a person is among them.
public enum Feature: String, Sendable, CaseIterable {
    /// Days since the first water report.
    case historyDays
    /// Per mille of the time since then with fit readings: gaps and faulty probes lower it.
    case dataFit
    /// Per mille of the reported time with less oxygen than the alarm level.
    case lowOxygen
    /// Incidents whose remedy did not work.
    case failedRemedies
    /// Per mille of the stocked fish that live.
    case survival
    /// Per mille of the stocked fish that the supplier confirmed.
    case fryConfirmed
    /// Per mille of the feed that counted feeders gave.
    case feedByDevice
    /// Harvests inside a withdrawal period.
    case medicineBreaches
    /// Loans repaid here.
    case repaid

    /// What counts as a small change of it; nil for what is counted one by one and never a small thing.
    var smallChange: UInt64? {
        switch self {
        case .historyDays: 1
        case .dataFit, .lowOxygen, .survival, .fryConfirmed, .feedByDevice: 10
        case .failedRemedies, .medicineBreaches, .repaid: nil
        }
    }

    /// The class of data that it is drawn from; nil for what the ledger itself knows.
    public var dataClass: DataClass? {
        switch self {
        case .historyDays, .dataFit, .lowOxygen: .water
        case .failedRemedies: .operations
        case .survival, .fryConfirmed: .fry
        case .feedByDevice: .feed
        case .medicineBreaches: .medicine
        case .repaid: nil
        }
    }
}

/// The inputs of a decision, kept with it: what comes later does not change what it was made on.
public struct Features: Sendable, Hashable {
    /// In the order of ``Feature/allCases``.
    private let values: [UInt64]
    /// Per mille of the records that devices, third parties and the farmer alone stand for.
    public let shares: [UInt64]

    public subscript(_ feature: Feature) -> UInt64 {
        zip(Feature.allCases, values).first { $0.0 == feature }?.1 ?? 0
    }

    /// - Parameter time: ledger time, ms.
    init(_ farm: FarmRecord, at time: UInt64) {
        let age = farm.firstAt > 0 && time > farm.firstAt ? time - farm.firstAt : 0
        let feed = farm.feedByDevice + farm.feedStated
        values = Feature.allCases.map { feature in
            switch feature {
            case .historyDays: age / 86_400_000
            case .dataFit: Self.permille(farm.fit, of: max(age, farm.covered))
            case .lowOxygen: Self.permille(farm.low, of: farm.covered)
            case .failedRemedies: farm.failed
            case .survival: 1000 - Self.permille(farm.dead, of: farm.stocked)
            case .fryConfirmed: Self.permille(farm.stockedConfirmed, of: farm.stocked)
            case .feedByDevice: Self.permille(farm.feedByDevice, of: feed)
            case .medicineBreaches: farm.breaches
            case .repaid: farm.repaid
            }
        }
        let records = farm.byDevice + farm.byOthers + farm.byWord
        shares = [farm.byDevice, farm.byOthers, farm.byWord].map { Self.permille($0, of: records) }
    }

    /// Counts stay below 2^53 (see the operations that add to them), so that a thousand times one fits.
    private static func permille(_ part: UInt64, of whole: UInt64) -> UInt64 {
        whole == 0 ? 0 : min(1000, part.multipliedReportingOverflow(by: 1000).partialValue / whole)
    }

    /// As a decision keeps them.
    public init(cbor: Value) throws(ContractError) {
        guard let parts = cbor.array, parts.count == 2,
            let values = parts[0].array?.compactMap(\.unsigned), values.count == Feature.allCases.count,
            let shares = parts[1].array?.compactMap(\.unsigned), shares.count == 3
        else { throw .corrupt("of a decision's inputs") }
        self.values = values
        self.shares = shares
    }

    public var cbor: Value { .array([.array(values.map { .unsigned($0) }), .array(shares.map { .unsigned($0) })]) }
}
