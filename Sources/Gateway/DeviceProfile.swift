/// What values a kind of device can plausibly give. Readings that do not fit are kept and marked, never dropped.
public struct DeviceProfile: Sendable, Hashable {
    /// The rule for one quantity.
    public struct Rule: Sendable, Hashable {
        /// Values outside are marked out of range.
        public var range: ClosedRange<Double>
        /// Change for each second beyond which a value is marked; nil for quantities that jump.
        public var maximumRate: Double?
        /// Change that is never marked, however quick: the quantity's noise.
        public var tolerance: Double
        /// Seconds after which a value that never changed is marked frozen; nil where constancy is normal.
        public var frozenAfter: Double?

        /// Makes a rule.
        public init(
            range: ClosedRange<Double>, maximumRate: Double? = nil, tolerance: Double = 0, frozenAfter: Double? = nil
        ) {
            self.range = range
            self.maximumRate = maximumRate
            self.tolerance = tolerance
            self.frozenAfter = frozenAfter
        }
    }

    /// The name by which the ledger's device record refers to it.
    public var name: String
    /// Rules by the last part of a record's name (after the last ':' or '/'); looked up first.
    public var byQuantity: [String: Rule]
    /// Rules by SenML unit.
    public var byUnit: [String: Rule]
    /// When the calibration of devices of this profile ends, seconds since 1970; nil where it does not.
    public var calibrationDue: Double?

    /// Makes a profile.
    public init(name: String, byQuantity: [String: Rule] = [:], byUnit: [String: Rule] = [:]) {
        self.name = name
        self.byQuantity = byQuantity
        self.byUnit = byUnit
    }

    func rule(name: String, unit: String?) -> Rule? {
        byQuantity[Self.quantity(of: name)] ?? unit.flatMap { byUnit[$0] }
    }

    /// The last part of a record's name.
    public static func quantity(of name: String) -> String {
        String(name.lastIndex { $0 == ":" || $0 == "/" }.map { name[name.index(after: $0)...] } ?? name[...])
    }

    /// Used for devices whose profile has no entry: what is physically possible outdoors, by unit.
    public static let standard = DeviceProfile(
        name: "standard",
        byUnit: [
            "Cel": Rule(range: -60...85, maximumRate: 1, tolerance: 1, frozenAfter: 6 * 3600),
            // Saturated air stays at 100 % all night, so standing still says little.
            "%RH": Rule(range: 0...100, maximumRate: 5, tolerance: 5, frozenAfter: 24 * 3600),
            "pH": Rule(range: 0...14, maximumRate: 0.5, tolerance: 0.3, frozenAfter: 24 * 3600),
            "lx": Rule(range: 0...200_000),
            "W/m2": Rule(range: 0...1_500),
            "g": Rule(range: 0...2_000_000),
            "kg": Rule(range: 0...2_000),
            "/": Rule(range: 0...1),
            "%": Rule(range: 0...100),
            "mg/l": Rule(range: 0...50, maximumRate: 0.5, tolerance: 0.5, frozenAfter: 3 * 3600),
            "S/m": Rule(range: 0...2, maximumRate: 0.1, tolerance: 0.05),
            "%EL": Rule(range: 0...100),
        ])
}
