import ChattelMortgageContract
import ChattelMortgageSimulator
import ContractKit
import DeviceKit
import Foundation
import Ledger
import UseCaseKit

/// The demo's sites with their sensors: enrolled by the chamber, reporting over MQTT with TLS, all looking at one world.
struct GoodsField: Sendable {
    typealias People = ChattelMortgage.People

    /// The sites of a run; each run has its own, so that it finds empty halls.
    struct Sites: Sendable, Codable {
        var north = "NORTH"
        var south = "SOUTH"
        var truck = "TRUCK"
    }

    let stage: Stage
    let world: World

    init(stage: Stage) throws {
        self.stage = stage
        try FileManager.default.createDirectory(at: stage.devices, withIntermediateDirectories: true)
        world = World(file: stage.devices.appending(path: "world.json"))
    }

    private var sitesFile: URL { stage.devices.appending(path: "sites.json") }

    /// The sites of the last run.
    func lastSites() -> Sites? {
        (try? Data(contentsOf: sitesFile)).flatMap { try? JSONDecoder().decode(Sites.self, from: $0) }
    }

    /// Sites for a new run: the plain names first, then numbered ones.
    func newSites() throws -> Sites {
        var sites = Sites()
        if let last = lastSites() {
            let number = (Int(last.north.dropFirst(5)) ?? 1) + 1
            sites = Sites(north: "NORTH\(number)", south: "SOUTH\(number)", truck: "TRUCK\(number)")
        }
        try JSONEncoder().encode(sites).write(to: sitesFile, options: .atomic)
        return sites
    }

    func sensors(of sites: Sites) throws -> [Sensor] {
        try Sensor.bay("A1", of: sites.north) + Sensor.bay("A2", of: sites.north) + Sensor.bay("B1", of: sites.south)
            + Sensor.bay("LOAD", of: sites.truck) + [
                Sensor(.climate, site: sites.north, bay: "AIR"), Sensor(.motion, site: sites.truck, bay: "CAB"),
            ]
    }

    func field(of sites: Sites) throws -> SensorField {
        try SensorField(
            try sensors(of: sites), world: world,
            .init(
                member: People.member, broker: try stage.brokerConfiguration(clientID: "goods"),
                provisioningSecret: try stage.provisioningSecret(), folder: stage.devices,
                certificate: stage.certificate))
    }

    /// Runs a body beside sensors that report.
    func with(_ body: @escaping @Sendable (Sensors) async throws -> Void) async throws {
        let sites = try newSites()
        try await enrol(sites)
        let field = try field(of: sites)
        try await field.connect()
        let reporting = Task { try await field.run() }
        do {
            try await body(Sensors(sites: sites, world: world, field: field))
        } catch {
            reporting.cancel()
            await field.close()
            throw error
        }
        reporting.cancel()
        await field.close()
    }

    /// What a scenario has in hand: the sites, the world, and the sensors.
    struct Sensors: Sendable {
        let sites: Sites
        let world: World
        let field: SensorField
    }

    /// Enrols the sensors that the ledger does not know yet.
    private func enrol(_ sites: Sites) async throws {
        try await stage.enrol(
            try sensors(of: sites).map { sensor in
                .init(
                    try DeviceIdentity(
                        urn: sensor.urn, generation: SensorField.generation,
                        provisioningSecret: try stage.provisioningSecret()),
                    profile: sensor.role.profile, owner: People.monitor, gateway: People.gateway)
            }, by: People.chamber)
    }

    /// Lets the sensors of the last run report until cancelled; the truck goes to and fro on its road.
    func runUntilCancelled() async throws {
        guard let sites = lastSites() else { return }
        let field = try field(of: sites)
        let driving = Task { [world] in
            var step = 0.0
            while !Task.isCancelled {
                let (from, to) = (GoodsAnalysis.route[0], GoodsAnalysis.route[1])
                let share = (1 - cos(step / 60 * .pi)) / 2
                world.move(sites.truck) { motion in
                    motion.latitude = from.latitude + share * (to.latitude - from.latitude)
                    motion.longitude = from.longitude + share * (to.longitude - from.longitude)
                    motion.speed = 14
                }
                step += 1
                try await Task.sleep(for: .seconds(1))
            }
        }
        defer { driving.cancel() }
        try await field.run()
        await field.close()
    }
}
