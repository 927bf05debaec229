import AgriculturalTracingSimulator
import ContractKit
import DeviceKit
import Foundation
import Ledger
import MQTT
import SimulationKit
import UseCaseKit

/// The demo farm's devices: enrolled on the ledger by the accreditation body, reporting over MQTT with TLS.
struct FarmStage: Sendable {
    static let member = "cooperative"
    static let owner = "farm"
    static let gateway = "farm-gateway"
    static let registrar = "accreditor"
    /// What the consumer's page shows and what is about a box. Cold room, light and pictures stay sealed.
    static let publishedChannels = ["soil", "air", "weight"]
    static let generation: UInt64 = 1

    let stage: Stage

    /// - Parameter interval: seconds between the readings of a device.
    func configuration(interval: Double) throws -> FarmConfiguration {
        var configuration = FarmConfiguration(
            member: Self.member, devices: try FarmDevice.oneOfEach(farm: "hillside", interval: interval),
            broker: try stage.brokerConfiguration(clientID: "farm"), provisioningSecret: try stage.provisioningSecret(),
            folder: stage.devices.path, weatherFile: try WeatherYear.locate(), certificate: stage.certificate)
        configuration.keyGeneration = Self.generation
        configuration.acceleration = 240
        configuration.campaignStart = Self.campaignStart
        return configuration
    }

    /// 1 May of the measured year: the growing season is replayed at four hours a minute.
    private static var campaignStart: Date {
        (try? Date("2026-05-01T06:00:00Z", strategy: .iso8601)) ?? Date()
    }

    /// Enrols the devices that the ledger does not know yet.
    func enrolDevices() async throws {
        let configuration = try configuration(interval: 5)
        try await stage.enrol(
            zip(configuration.devices, try FarmSimulation.identities(configuration)).map { device, identity in
                .init(identity, profile: device.kind.rawValue, owner: Self.owner, gateway: Self.gateway)
            }, by: Self.registrar)
    }

    /// The farm publishes what consumers see; the gateway seals all else.
    func publishStreams() async throws {
        try await stage.publish(Self.publishedChannels, of: Self.owner)
    }

    /// Lets all devices report until cancelled.
    func runUntilCancelled() async throws {
        try await enrolDevices()
        try await publishStreams()
        let farm = try FarmSimulation(try configuration(interval: 5))
        try await farm.run()
        await farm.close()
    }
}
