import Foundation

/// A battery behind a house's meter: takes or gives what it was told, as long as it was told, within what it holds.
struct HomeBattery: Sendable {
    /// What is left of energy after charging, and again after discharging.
    static let efficiency = 0.95

    let capacity: Double
    /// Wh.
    private(set) var level: Double
    private var watts: Double = 0
    private var end = Date.distantPast

    init(capacity: Double) {
        self.capacity = capacity
        level = capacity / 2
    }

    /// Above zero it charges.
    mutating func order(_ watts: Double, until end: Date) {
        self.watts = watts
        self.end = end
    }

    /// Lets time pass.
    ///
    /// - Returns: mean watts at its terminals.
    mutating func run(to date: Date, seconds: Double) -> Double {
        guard date <= end, seconds > 0 else { return 0 }
        let asked = watts * seconds / 3600 * (watts > 0 ? Self.efficiency : 1 / Self.efficiency)
        let change = min(max(asked, -level), capacity - level)
        level += change
        return change / (change > 0 ? Self.efficiency : 1 / Self.efficiency) * 3600 / seconds
    }
}
