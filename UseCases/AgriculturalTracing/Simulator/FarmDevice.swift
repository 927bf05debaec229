import DeviceKit

/// A device on the farm, as configuration: a new one needs no code.
public struct FarmDevice: Sendable, Hashable {
    /// What it measures.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Soil moisture, temperature, pH and conductivity (nutrients).
        case soilProbe = "soil-probe"
        /// Air temperature and humidity.
        case airSensor = "air-sensor"
        /// Irradiance and illuminance.
        case lightSensor = "light-sensor"
        /// Weight of a box; speaks when a box is weighed, and its zero at intervals.
        case boxScale = "box-scale"
        /// Temperature, humidity and door of the cold room.
        case coldRoomProbe = "cold-room-probe"
        /// Height of the crop, by ultrasound from above.
        case cropSensor = "crop-sensor"
        /// A picture of the field, of which only the SHA-256 is sent.
        case camera = "camera"

        /// The last level of its topic.
        public var channel: String {
            switch self {
            case .soilProbe: "soil"
            case .airSensor: "air"
            case .lightSensor: "light"
            case .boxScale: "weight"
            case .coldRoomProbe: "coldroom"
            case .cropSensor: "crop"
            case .camera: "picture"
            }
        }
    }

    /// Its name.
    public var urn: DeviceURN
    /// What it measures.
    public var kind: Kind
    /// Where it stands, for people.
    public var place: String
    /// Seconds between two readings. Acceleration changes what happens in that time, not its length.
    public var interval: Double

    /// A device.
    public init(urn: DeviceURN, kind: Kind, place: String, interval: Double = 10) {
        self.urn = urn
        self.kind = kind
        self.place = place
        self.interval = interval
    }

    /// One of each kind, named under a private enterprise number (RFC 9039 §4.4).
    ///
    /// - Parameters:
    ///   - enterprise: 32473 is reserved for examples (RFC 5612).
    ///   - farm: letters and digits that tell farms apart.
    /// - Throws: `DeviceError` with `urn`.
    public static func oneOfEach(
        enterprise: Int = 32_473, farm: String, interval: Double = 10
    ) throws(DeviceError) -> [FarmDevice] {
        var devices: [FarmDevice] = []
        for kind in Kind.allCases {
            let product = kind.rawValue.replacing("-", with: "")
            devices.append(
                FarmDevice(
                    urn: try DeviceURN("urn:dev:ops:\(enterprise)-\(product)-\(farm)"), kind: kind, place: "field 1",
                    interval: interval))
        }
        return devices
    }
}
