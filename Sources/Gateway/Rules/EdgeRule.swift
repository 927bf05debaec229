import DeviceKit

/// A rule as data: of which readings it speaks, when it holds, and what follows.
public struct EdgeRule: Sendable, Hashable {
    /// Which devices a rule speaks of; only those of the owner who recorded it.
    public enum Devices: Sendable, Hashable {
        /// One device, by its URN.
        case urn(String)
        /// All with this profile.
        case profile(String)
    }

    /// When a rule holds.
    public enum Condition: Sendable, Hashable {
        /// The value is above or below a level.
        case above(Double)
        case below(Double)
        /// Begins to hold at `on` and ceases at `off`, and stays either way at least so many seconds. With `on` below
        /// `off` it holds while values are low.
        case hysteresis(on: Double, off: Double, minimumOn: Double, minimumOff: Double)
        /// The value changes by more than `tolerance` and faster than so much in a second.
        case rate(perSecond: Double, tolerance: Double)
        /// The value has not changed for so many seconds.
        case frozen(seconds: Double)
        /// The sensor was calibrated at this time (seconds since 1970) and that is longer ago than allowed.
        case calibrationAge(calibrated: Double, seconds: Double)
    }

    /// What follows.
    public enum Action: Sendable, Hashable {
        /// The reading is kept and marked, for as long as the rule holds.
        case mark(EdgeMark)
        /// The gateway signs a statement when the rule begins to hold.
        case event(String)
        /// An actuator is told when the rule begins to hold. Payload as JSON; the answer is awaited so many seconds.
        case command(device: DeviceURN, name: String, payload: [UInt8], timeout: Double)
    }

    /// Its name, unique in its set.
    public var id: String
    public var devices: Devices
    /// The last part of a record's name.
    public var quantity: String
    public var condition: Condition
    /// What follows when it holds.
    public var then: [Action]
    /// What follows when it ceases to hold; no marks.
    public var otherwise: [Action]
}

/// Marks that a rule may set, by their names in JSON.
public enum EdgeMark: String, Sendable, Hashable, CaseIterable {
    case outOfRange = "out-of-range"
    case frozen
    case rateOfChange = "rate-of-change"
    case calibrationAge = "calibration-age"
}
