import AutomatedParkingContract
import AutomatedParkingGateway
import AutomatedParkingSimulator
import ContractKit
import DeviceKit
import Foundation
import Ledger
import UseCaseKit

/// Lots, lanes, cameras, barriers and drivers of the demonstration, on a running consortium.
struct ParkingStage: Sendable {
    static let registrar = "city-office"
    private static let channel = "plate"
    private static let year: UInt64 = 365 * 86_400_000

    let stage: Stage

    static var now: UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

    func plateKey() throws -> Bytes { try stage.keys.keyOrNew(of: ParkingPlan.plateSecret).rawRepresentation }

    @discardableResult
    func require(
        _ contract: String, _ name: String, _ arguments: [(String, CBOR)], as participant: String, about subject: String
    ) async throws -> Stage.Performed {
        try await stage.require(Ledger.Operation(contract, name, arguments), as: participant, about: subject)
    }

    // MARK: What has to be there

    /// Devices, lots, lanes, tariffs and money; what is there already stays. Drivers register in the scenario.
    func prepare() async throws {
        try await enrolDevices()
        for lot in ParkingPlan.lots where try await stage.state("parking/lots/\(lot.id)") == nil {
            try await require(
                ParkingContract.contractName, "lot",
                [
                    ("lot", .text(lot.id)), ("name", .text(lot.name)), ("currency", .text(ParkingPlan.currency)),
                    ("capacity", .unsigned(lot.capacity)),
                ], as: lot.operatorID, about: "lot:\(lot.id)")
            try await require(
                ParkingContract.contractName, "tariff",
                [
                    ("lot", .text(lot.id)), ("tariff", .bytes(ParkingPlan.tariff(of: lot.id).cbor.encoded())),
                    ("from", 0),
                ], as: lot.operatorID, about: "lot:\(lot.id)")
        }
        // Cameras tell keyed hashes alone, and each passage is on the ledger: the messages behind it are no secret there.
        for lot in ParkingPlan.lots { try await stage.publish([Self.channel], of: lot.operatorID) }
        for lane in ParkingPlan.lanes {
            for (kind, device) in [(Lane.Kind.camera, lane.camera), (.loop, lane.loop), (.reader, lane.reader)] {
                guard let device, try await stage.state("parking/lanes/\(device)") == nil else { continue }
                try await require(
                    ParkingContract.contractName, "lane",
                    [
                        ("lot", .text(lane.lot)), ("device", .text(device)), ("name", .text(lane.id)),
                        ("direction", .text(lane.direction.rawValue)), ("kind", .text(kind.rawValue)),
                        ("barrier", lane.barrier.map { .text($0) } ?? .null),
                    ], as: Self.operatorID(of: lane.lot), about: device)
            }
        }
        for driver in ParkingPlan.drivers where try await stage.state("wallet/accounts/XPT/\(driver.id)") == nil {
            try await require(
                "wallet", "issue",
                [
                    ("to", .text(driver.id)), ("amount", .unsigned(driver.balance)),
                    ("currency", .text(ParkingPlan.currency)),
                ], as: Self.registrar, about: driver.id)
        }
    }

    static func operatorID(of lot: String) -> String { ParkingPlan.lots.first { $0.id == lot }?.operatorID ?? "" }

    private func enrolDevices() async throws {
        let devices =
            ParkingPlan.lanes.flatMap { lane in
                [
                    (lane.lot, lane.camera, PlateCamera.profile), (lane.lot, lane.barrier, Barrier.profile),
                    (lane.lot, lane.loop, LaneSensor.Kind.loop.profile),
                    (lane.lot, lane.reader, LaneSensor.Kind.tag.profile),
                ]
            } + ParkingPlan.bays.map { ("harbour", $0, LaneSensor.Kind.bay.profile) }
        try await stage.enrol(
            try devices.compactMap { lot, urn, profile in
                try urn.map {
                    .init(
                        try identity($0), profile: profile, owner: Self.operatorID(of: lot),
                        gateway: ParkingPlan.gateway)
                }
            }, by: Self.registrar)
    }

    private func identity(_ urn: String) throws -> DeviceIdentity {
        try DeviceIdentity(
            urn: try DeviceURN(urn), generation: 1, provisioningSecret: try stage.provisioningSecret())
    }

    private func session(_ urn: String, listens: Bool) throws -> DeviceSession {
        try FileManager.default.createDirectory(at: stage.devices, withIntermediateDirectories: true)
        var broker = try stage.brokerConfiguration(clientID: urn)
        broker.tls = try stage.certificate(for: urn)
        return try DeviceSession(
            identity: try identity(urn), member: ParkingPlan.gatewayMember, broker: broker,
            sequenceFile: stage.devices.appending(path: urn.replacing(":", with: "_") + ".seq").path, listens: listens)
    }

    func camera(_ lane: String) throws -> PlateCamera {
        guard let plan = ParkingPlan.lanes.first(where: { $0.id == lane }) else {
            throw ScenarioError("there is no lane \(lane)")
        }
        return PlateCamera(
            session: try session(plan.camera, listens: false), key: try plateKey(),
            pictures: stage.devices.appending(path: "pictures").path, seed: 1)
    }

    func barrier(_ lane: String) throws -> Barrier? {
        guard let urn = ParkingPlan.lanes.first(where: { $0.id == lane })?.barrier else { return nil }
        return Barrier(session: try session(urn, listens: true))
    }

    func sensor(_ kind: LaneSensor.Kind, _ urn: String) throws -> LaneSensor {
        LaneSensor(kind, session: try session(urn, listens: false))
    }

    // MARK: Drivers

    func mandate(of driver: ParkingPlan.Driver, for lot: String) async throws {
        let id = "\(ParkingPlan.mandate)-\(lot)"
        guard try await stage.state("wallet/mandates/\(driver.id)/\(id)") == nil else { return }
        try await require(
            "wallet", "mandate",
            [
                ("id", .text(id)), ("payee", .text(Self.operatorID(of: lot))),
                ("currency", .text(ParkingPlan.currency)),
                ("perPayment", .unsigned(driver.perStay)), ("perPeriod", .unsigned(driver.perDay)),
                ("period", 86_400_000), ("until", .unsigned(Self.now + Self.year)),
            ], as: driver.id, about: driver.id)
    }

    static func registration(_ plate: PlateName, _ key: Bytes, lot: String) -> Ledger.Operation {
        Ledger.Operation(
            ParkingContract.contractName, "register",
            [
                ("plate", .hash(plate.hash(key))), ("country", .text(plate.country)),
                ("shape", .hash(plate.shape(key))),
                ("mandate", .text("\(ParkingPlan.mandate)-\(lot)")),
                ("proof", .hash(Hash32.sha256(Bytes("paper of \(plate.text)".utf8)))),
            ])
    }

    /// Registers those drivers that are not yet.
    func registerDrivers() async throws {
        let key = try plateKey()
        for driver in ParkingPlan.drivers {
            guard let plate = driver.plateName else { throw ScenarioError("\(driver.plate) is no plate") }
            try await mandate(of: driver, for: "harbour")
            let hash = plate.hash(key)
            guard try await stage.state("parking/plates/\(hash.hex)") == nil else { continue }
            try await require(
                ParkingContract.contractName, "register", Self.arguments(plate, key), as: driver.id,
                about: "plate:\(hash.hex)")
            try await require(
                ParkingContract.contractName, "check", [("plate", .hash(hash))], as: Self.registrar,
                about: "plate:\(hash.hex)")
        }
    }

    private static func arguments(_ plate: PlateName, _ key: Bytes) -> [(String, CBOR)] {
        [
            ("plate", .hash(plate.hash(key))), ("country", .text(plate.country)), ("shape", .hash(plate.shape(key))),
            ("mandate", .text("\(ParkingPlan.mandate)-harbour")),
            ("proof", .hash(Hash32.sha256(Bytes("paper of \(plate.text)".utf8)))),
        ]
    }

    /// The first driver's tag stands for the plate of the same car.
    func registerTag() async throws {
        let key = try plateKey()
        guard let plate = ParkingPlan.drivers.first(where: { $0.id == ParkingPlan.tag.driver })?.plateName?.hash(key),
            let tag = PlateName.tag(ParkingPlan.tag.number, key),
            try await stage.state("parking/tags/\(tag.hex)") == nil
        else { return }
        try await require(
            ParkingContract.contractName, "tag", [("tag", .hash(tag)), ("plate", .hash(plate))],
            as: ParkingPlan.tag.driver, about: "plate:\(plate.hex)")
    }

    // MARK: Going on

    /// Cars come and go until cancelled: their clocks run faster than ours, so that stays of hours fit in minutes.
    func runUntilCancelled() async throws {
        try await prepare()
        try await registerDrivers()
        try await registerTag()
        let site = try ParkingSite(stage: self)
        try await site.connect()
        try await site.run()
    }
}
