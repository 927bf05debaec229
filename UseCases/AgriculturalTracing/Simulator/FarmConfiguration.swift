import Foundation
import MQTT
import SimulationKit

/// How a farm is simulated.
public struct FarmConfiguration: Sendable {
    /// What devices put into their readings as time.
    public enum Timestamps: Sendable, Hashable {
        /// The real clock, however fast the weather runs.
        case wallClock
        /// The campaign's time.
        case campaign
    }

    /// The member that the devices belong to.
    public var member: String
    /// The devices.
    public var devices: [FarmDevice]
    /// Host and port of the broker; client id and TLS files are set for each device.
    public var broker: MQTTConfiguration
    /// TLS files of a device, by its URN.
    public var certificate: @Sendable (String) throws -> MQTTConfiguration.TLS
    /// Secret from which the devices' keys are derived.
    public var provisioningSecret: [UInt8]
    /// Generation of the devices' keys.
    public var keyGeneration: UInt64 = 0
    /// Folder for sequence numbers and pictures; created.
    public var folder: String
    /// The weather file; see ``WeatherYear/locate(repository:)``.
    public var weatherFile: String
    /// Makes the noise; the same seed gives the same values.
    public var seed: UInt64 = 1
    /// Simulated seconds for each real one; readings between two intervals have the time of the last.
    public var acceleration: Double = 1
    /// Where in the year the campaign begins.
    public var campaignStart = Date()
    /// What devices put into their readings as time.
    public var timestamps = Timestamps.wallClock
    /// Readings of each device after which ``FarmSimulation/run()`` returns; nil runs until cancelled.
    public var readingsEach: Int?

    /// A farm.
    public init(
        member: String, devices: [FarmDevice], broker: MQTTConfiguration, provisioningSecret: [UInt8], folder: String,
        weatherFile: String, certificate: @escaping @Sendable (String) throws -> MQTTConfiguration.TLS
    ) {
        self.member = member
        self.devices = devices
        self.broker = broker
        self.provisioningSecret = provisioningSecret
        self.folder = folder
        self.weatherFile = weatherFile
        self.certificate = certificate
    }
}
