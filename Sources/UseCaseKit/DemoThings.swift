import DeviceKit
import Foundation
import Ledger

/// Devices of a demonstration that are configuration: enrolled with the hash of their Thing Description, and run.
public struct DemoThings: Sendable {
    /// A line of `demo.things.json` in the profiles folder.
    private struct Item: Codable {
        var urn: String
        var profile: String
        var owner: String
        var gateway: String
    }

    private let stage: Stage
    private let cast: Cast
    private let profiles: [String: ThingProfile]
    private let items: [Item]

    /// - Throws: `DeviceError` with `profile`.
    public init(_ stage: Stage, cast: Cast, folder: String = ThingProfile.standardFolder) throws {
        self.stage = stage
        self.cast = cast
        profiles = try ThingProfile.folder(folder)
        let ids = Set(cast.participants.map(\.id))
        guard let octets = FileManager.default.contents(atPath: "\(folder)/demo.things.json") else {
            items = []
            return
        }
        do {
            items = try JSONDecoder().decode([Item].self, from: octets).filter {
                ids.contains($0.owner) && ids.contains($0.gateway)
            }
        } catch {
            throw DeviceError(.profile, "\(folder)/demo.things.json is no list of devices: \(error)")
        }
    }

    /// Enrols what the ledger does not know, and lets all report until cancelled.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in items {
                guard let profile = profiles[item.profile],
                    let member = cast.participants.first(where: { $0.id == item.gateway })?.member
                else { continue }
                let urn = try DeviceURN(item.urn)
                let identity = try DeviceIdentity(
                    urn: urn, generation: 1, provisioningSecret: try stage.provisioningSecret())
                try await enrol(item, identity, profile, member)
                var broker = try stage.brokerConfiguration(clientID: item.urn)
                broker.tls = try stage.certificate(for: item.urn)
                try FileManager.default.createDirectory(at: stage.devices, withIntermediateDirectories: true)
                let session = try DeviceSession(
                    identity: identity, member: member, broker: broker,
                    sequenceFile: stage.devices.appending(path: item.urn.replacing(":", with: "_") + ".seq").path,
                    listens: true)
                group.addTask {
                    try? await SimulatedThing(profile: profile, session: session).run()
                    await session.close()
                }
            }
            try await group.waitForAll()
        }
    }

    private func enrol(
        _ item: Item, _ identity: DeviceIdentity, _ profile: ThingProfile, _ member: String
    ) async throws {
        guard let registrar = cast.participants.first(where: { $0.roles.contains("registrar") }) else { return }
        let thing = ThingDescription(identity.urn, profile: profile, member: member, gateway: item.gateway)
        try await stage.enrol(
            [.init(identity, profile: item.profile, owner: item.owner, gateway: item.gateway, thing: thing.hash)],
            by: registrar.id)
    }
}
