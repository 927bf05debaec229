import DeviceKit
import Foundation
import Ledger
import SimulationKit

/// A farm whose devices report over real MQTT with real keys, driven by a measured year of weather.
///
/// ```swift
/// let farm = try FarmSimulation(configuration)
/// try await farm.connect()
/// try await farm.weigh(box: "…", grams: 8_250)
/// try await farm.run()
/// await farm.close()
/// ```
public struct FarmSimulation: Sendable {
    /// What is simulated.
    public let configuration: FarmConfiguration
    /// Name of the weather station, for the mark on demonstration data.
    public let station: String
    private let devices: [SimulatedDevice]

    /// Reads the weather, derives the devices' keys and starts to connect.
    ///
    /// - Throws: ``SimulationError`` with `weather`; `DeviceError`; `MQTTError` with `configuration`.
    public init(_ configuration: FarmConfiguration) throws {
        self.configuration = configuration
        try FileManager.default.createDirectory(
            atPath: configuration.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let year = try WeatherYear(path: configuration.weatherFile)
        let model = FarmModel(year: year)
        station = year.station
        devices = try configuration.devices.map {
            try SimulatedDevice($0, configuration, model: model)
        }
    }

    /// The public keys of the devices, to enrol them.
    public static func identities(_ configuration: FarmConfiguration) throws -> [DeviceIdentity] {
        try configuration.devices.map {
            try DeviceIdentity(
                urn: $0.urn, generation: configuration.keyGeneration,
                provisioningSecret: configuration.provisioningSecret)
        }
    }

    /// Waits until every device is connected.
    ///
    /// - Throws: `MQTTError` when the broker cannot be reached or refuses a device.
    public func connect() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for device in devices { group.addTask { try await device.connect() } }
            try await group.waitForAll()
        }
    }

    /// Lets all devices report at their intervals and obey commands, until each has sent
    /// ``FarmConfiguration/readingsEach`` or the task is cancelled. Cancellation is a return, not an error.
    public func run() async throws {
        try await connect()
        let readings = configuration.readingsEach
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for device in devices {
                    group.addTask {
                        try await device.run(readings: readings)
                        return true
                    }
                    group.addTask {
                        try await device.obey()
                        return false
                    }
                }
                var left = devices.count
                while left > 0, let hasReported = try await group.next() { left -= hasReported ? 1 : 0 }
                group.cancelAll()
            }
        } catch is CancellationError {
            // Stopping was asked for.
        }
    }

    /// Lets one device send a reading now.
    ///
    /// - Returns: its sequence number.
    /// - Throws: ``SimulationError`` with `device` when there is no such device; what publishing throws.
    @discardableResult
    public func report(_ urn: DeviceURN) async throws -> UInt64 {
        try await device(urn).report()
    }

    /// Weighs a box on the farm's scale.
    ///
    /// - Parameters:
    ///   - box: the code on the box.
    ///   - grams: its weight.
    ///   - scale: which scale; nil takes the first.
    /// - Returns: the sequence number of the reading.
    /// - Throws: ``SimulationError`` with `device` when the farm has no scale; what publishing throws.
    @discardableResult
    public func weigh(box: String, grams: Double, scale: DeviceURN? = nil) async throws -> UInt64 {
        guard let urn = scale ?? configuration.devices.first(where: { $0.kind == .boxScale })?.urn else {
            throw SimulationError(.device, "the farm has no box scale; add one to its devices")
        }
        return try await device(urn).weigh(box: box, grams: grams)
    }

    /// Ends all connections.
    public func close() async {
        await withTaskGroup(of: Void.self) { group in
            for device in devices { group.addTask { await device.close() } }
        }
    }

    private func device(_ urn: DeviceURN) throws(SimulationError) -> SimulatedDevice {
        guard let device = devices.first(where: { $0.device.urn == urn }) else {
            throw SimulationError(.device, "the farm has no device \(urn)")
        }
        return device
    }
}
