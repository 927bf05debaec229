import DeviceKit
import Foundation
import MQTT
import SenML

/// Simulated sensors with everything real but their surroundings: key, certificate, connection, sequence number.
public struct SensorField: Sendable {
    /// How the devices reach their broker.
    public struct Configuration: Sendable {
        /// The member that the devices belong to.
        public var member: String
        public var broker: MQTTConfiguration
        public var certificate: @Sendable (String) throws -> MQTTConfiguration.TLS
        public var provisioningSecret: [UInt8]
        /// Folder for sequence numbers.
        public var folder: URL
        /// Seconds between two readings.
        public var interval = 1.0

        public init(
            member: String, broker: MQTTConfiguration, provisioningSecret: [UInt8], folder: URL,
            certificate: @escaping @Sendable (String) throws -> MQTTConfiguration.TLS
        ) {
            self.member = member
            self.broker = broker
            self.provisioningSecret = provisioningSecret
            self.folder = folder
            self.certificate = certificate
        }
    }

    /// Generation of the devices' keys.
    public static let generation: UInt64 = 1

    public let world: World
    private let devices: [SimulatedSensor]

    /// Derives keys and starts to connect.
    ///
    /// - Throws: `DeviceError`, `MQTTError` with `configuration`.
    public init(_ sensors: [Sensor], world: World, _ configuration: Configuration) throws {
        self.world = world
        try FileManager.default.createDirectory(at: configuration.folder, withIntermediateDirectories: true)
        devices = try sensors.map { try SimulatedSensor($0, world: world, configuration) }
    }

    public func connect() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for device in devices { group.addTask { try await device.connect() } }
            try await group.waitForAll()
        }
    }

    /// Lets all report at intervals until cancelled; cancellation is a return.
    public func run() async throws {
        try await connect()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for device in devices { group.addTask { try await device.run() } }
                try await group.waitForAll()
            }
        } catch is CancellationError {
            // Stopping was asked for.
        }
    }

    /// Lets one sensor report now; returns its sequence number.
    @discardableResult
    public func report(_ sensor: Sensor) async throws -> UInt64 {
        guard let device = devices.first(where: { $0.sensor == sensor }) else {
            throw SimulationError(.device, "there is no sensor \(sensor.urn)")
        }
        return try await device.report()
    }

    public func close() async {
        await withTaskGroup(of: Void.self) { group in
            for device in devices { group.addTask { await device.close() } }
        }
    }
}

/// One simulated sensor.
actor SimulatedSensor {
    nonisolated let sensor: Sensor
    private let world: World
    private let session: DeviceSession
    private let interval: Double
    private var generator: SplitMix

    init(_ sensor: Sensor, world: World, _ configuration: SensorField.Configuration) throws {
        self.sensor = sensor
        self.world = world
        interval = configuration.interval
        generator = SplitMix(text: sensor.urn.text)
        var broker = configuration.broker
        broker.tls = try configuration.certificate(sensor.urn.text)
        session = try DeviceSession(
            identity: try DeviceIdentity(
                urn: sensor.urn, generation: SensorField.generation,
                provisioningSecret: configuration.provisioningSecret),
            member: configuration.member, broker: broker,
            sequenceFile: configuration.folder
                .appending(path: sensor.urn.text.replacing(":", with: "_") + ".seq").path)
    }

    func connect() async throws { try await session.connect() }

    func close() async { await session.close() }

    func run() async throws {
        while true {
            if !world.isSilent(sensor.urn.text) { try await report() }
            try await Task.sleep(for: .seconds(interval))
        }
    }

    @discardableResult
    func report() async throws -> UInt64 {
        var records = sensor.look(at: world) { generator.next() }
        records[0].baseName = sensor.urn.text + ":"
        records[0].baseTime = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        return try await session.publish(SenMLPack(records: records), channel: sensor.role.channel)
    }
}

/// Repeatable noise in -1...1 for each device.
private struct SplitMix {
    private var state: UInt64

    init(text: String) {
        // FNV-1a: Swift's own hashing differs from process to process.
        state = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) / 4_503_599_627_370_496 - 1
    }
}
