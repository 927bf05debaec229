import ContractKit
import EnergyTradingAgent
import EnergyTradingContract
import Ledger
import UseCaseKit

/// The microgrids of the demonstration: who lives there, and the rules of their markets.
struct MicrogridPlan: Sendable {
    struct Home: Sendable {
        let id: String
        let name: String
        /// kWh a year, and kW of photovoltaics.
        let consumption: Double
        let photovoltaics: Double
        /// Limit prices in thousandths of a point for a kWh: what it pays at most, and takes at least.
        let cap: UInt64
        let floor: UInt64
        /// Whether it accepts trades ahead, or each by hand.
        let acceptsAhead: Bool
        var battery: Battery?
        /// Most that it spends in thirty days, minor units.
        var budget: UInt64 = 400_000
        /// Neighbours that it agrees with before it sells to others.
        var preferredBuyers: [String] = []

        var rules: HouseholdRules {
            var rules = HouseholdRules(floor: floor, cap: cap, budget: budget)
            // A tenth stays for a power cut.
            rules.reserve = (battery?.capacity ?? 0) / 10
            rules.preferredBuyers = preferredBuyers
            return rules
        }
    }

    let key: String
    let title: String
    let homes: [Home]
    /// Wh that its line takes in an interval.
    let capacity: UInt64

    var aggregator: String { "eag-\(key)" }
    var registrar: String { "registrar-\(key)" }
    var gateway: String { "gateway-\(key)" }
    var member: String { "community-\(key)" }

    /// An interval is twelve seconds in the demonstration, in which a quarter of an hour passes for the houses.
    static let interval: UInt64 = 12_000
    static let gate: UInt64 = 8000
    static let clearing: UInt64 = 5500
    static let regionClearing: UInt64 = 3000
    /// Ten intervals: a cut of several does not cost an aggregator its word.
    static let regionReport: UInt64 = 10 * interval
    static let report: UInt64 = 15_000
    static let payment: UInt64 = 8000
    static let fee: UInt64 = 20_000
    /// Prices of net positions are multiples of it: limits of single households stay at home.
    static let priceStep: UInt64 = 50_000
    /// What the utility takes and gives for a kWh, thousandths of a point's hundredth.
    static let utilityPrice: UInt64 = 320_000
    static let feedInPrice: UInt64 = 80_000

    static let north = MicrogridPlan(
        key: "north", title: "Sunny Street",
        homes: [
            .init(
                id: "sun", name: "Sunflower House", consumption: 3500, photovoltaics: 9.8, cap: 260_000, floor: 80_000,
                acceptsAhead: false, preferredBuyers: ["elm"]),
            .init(
                id: "oak", name: "Oak Yard", consumption: 4200, photovoltaics: 6.4, cap: 280_000, floor: 90_000,
                acceptsAhead: true, battery: Battery(capacity: 8000, rate: 500)),
            .init(
                id: "ivy", name: "Ivy Cottage", consumption: 9000, photovoltaics: 0, cap: 290_000, floor: 100_000,
                acceptsAhead: true),
            .init(
                id: "elm", name: "Elm School", consumption: 14_000, photovoltaics: 0, cap: 300_000, floor: 100_000,
                acceptsAhead: true),
        ], capacity: 50_000)

    static let south = MicrogridPlan(
        key: "south", title: "Harbour Quay",
        homes: [
            .init(
                id: "pier", name: "Pier Workshops", consumption: 22_000, photovoltaics: 0, cap: 310_000, floor: 100_000,
                acceptsAhead: true),
            .init(
                id: "dock", name: "Dock Café", consumption: 16_000, photovoltaics: 2, cap: 300_000, floor: 95_000,
                acceptsAhead: true),
        ], capacity: 50_000)

    static let all = [north, south]

    var cast: Cast {
        Cast(
            members: [
                (member, "\(title) Energy Community"), ("metering-\(key)", "Metering service of \(title)"),
                ("council-\(key)", "Council of \(title)"), ("auditor-\(key)", "Energy auditor"),
            ],
            participants: [
                .init(
                    registrar, member: "council-\(key)", name: "Registrar of \(title)",
                    roles: [MembershipContract.registrar]),
                .init(
                    aggregator, member: member, name: "Aggregator of \(title)",
                    roles: [EnergyContract.Role.aggregator]),
            ]
                + homes.map {
                    .init($0.id, member: member, name: $0.name, roles: [EnergyContract.Role.prosumer])
                } + [
                    .init(
                        gateway, member: member, name: "Gateway of \(title)", roles: [MembershipContract.gateway])
                ])
    }

    var parameters: CBOR {
        [
            "interval": .unsigned(Self.interval), "gate": .unsigned(Self.gate), "clearing": .unsigned(Self.clearing),
            "report": .unsigned(Self.report), "payment": .unsigned(Self.payment), "k": 500, "currency": "XPT",
            "utilityPrice": .unsigned(Self.utilityPrice), "feedInPrice": .unsigned(Self.feedInPrice),
            "deficitPrice": 300_000, "tolerance": 1000, "aggregator": .text(aggregator),
            // EN 50160: 50 Hz within 1 % and 230 V within 10 %.
            "frequency": 50_000, "frequencyBand": 500, "voltage": 230_000, "voltageBand": 100,
        ]
    }
}
