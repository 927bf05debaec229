import DeviceKit

extension DeviceProfile {
    /// The plausible values of a kind of device that is configuration.
    public init(_ thing: ThingProfile) {
        var rules: [String: Rule] = [:]
        for property in thing.properties where property.type == .number {
            let (low, high) = (
                property.minimum ?? -.greatestFiniteMagnitude, property.maximum ?? .greatestFiniteMagnitude
            )
            rules[property.name] = Rule(
                range: min(low, high)...max(low, high), maximumRate: property.maximumRate,
                tolerance: property.tolerance ?? 0, frozenAfter: property.frozenAfter)
        }
        self.init(name: thing.name, byQuantity: rules)
    }
}
