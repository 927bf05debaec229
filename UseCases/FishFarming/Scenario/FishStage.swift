import ContractKit
import DeviceKit
import FishFarmingContract
import FishFarmingSimulator
import Foundation
import Ledger
import MQTT
import UseCaseKit

/// The demo farm's pond: devices enrolled by the registration office, the pond on the ledger with its consents.
struct FishStage: Sendable {
    static let farmer = "lagoon-farm"
    static let gateway = "pond-gateway"
    static let member = "aqua-service"
    static let registrar = "fisheries-office"
    static let pond = "lagoon-1"
    static let term: UInt64 = 365 * 86_400_000

    let stage: Stage

    func configuration(interval: Double, acceleration: Double) throws -> PondConfiguration {
        var configuration = PondConfiguration(
            member: Self.member, devices: try PondDevice.oneOfEach(pond: "lagoon"),
            broker: try stage.brokerConfiguration(clientID: "pond"), provisioningSecret: try stage.provisioningSecret(),
            folder: stage.devices.path, certificate: stage.certificate)
        configuration.interval = interval
        configuration.acceleration = acceleration
        if let path = ProcessInfo.processInfo.environment["CAIRN_OXYGEN_CSV"] {
            configuration.series = try OxygenSeries(path: path)
        }
        return configuration
    }

    /// Performs an operation of the contract that must be accepted.
    @discardableResult
    func must(
        _ operation: String, _ arguments: [(String, CBOR)], as participant: String = farmer, about subject: String,
        contract: String = FishFarmingContract.contractName
    ) async throws -> Stage.Performed {
        try await stage.require(
            Ledger.Operation(contract, operation, arguments), as: participant, about: subject)
    }

    /// Enrols devices and pond where the ledger does not know them yet.
    ///
    /// - Returns: what was performed now, with words for it; empty where all was there.
    @discardableResult
    func prepare() async throws -> [(words: String, performed: Stage.Performed)] {
        let configuration = try configuration(interval: 1, acceleration: 1)
        try await stage.enrol(
            configuration.devices.map { device in
                .init(
                    try PondSimulation.identity(of: device, configuration), profile: device.kind.profile,
                    owner: Self.farmer, gateway: Self.gateway)
            }, by: Self.registrar)
        guard try await StageEvidence(stage).state("fish/ponds/\(Self.pond)").value == nil else { return [] }
        func urn(_ kind: PondDevice.Kind) -> CBOR {
            .text(configuration.devices.first { $0.kind == kind }?.urn.text ?? "")
        }
        let terms = Hash32.sha256(Bytes("Terms of AquaCloud Services, version 1".utf8))
        let all = CBOR.array(DataClass.allCases.map { .text($0.rawValue) })
        return [
            (
                "contract with the service company, signed by the farmer's own key",
                try await must(
                    "signAgreement", [("provider", "aquacloud"), ("version", "1.0"), ("document", .hash(terms))],
                    about: Self.farmer)
            ),
            ("consent to collect, class by class", try await must("allow", [("classes", all)], about: Self.farmer)),
            (
                "pond \(Self.pond) with its probe, aerator and feeder",
                try await must(
                    "registerPond",
                    [
                        ("pond", .text(Self.pond)), ("species", "Nile tilapia"), ("squareMetres", 4000),
                        ("gateway", .text(Self.gateway)), ("probe", urn(.probe)), ("aerators", .array([urn(.aerator)])),
                        ("feeder", urn(.feeder)), ("on", 300), ("off", 500), ("alarm", 200), ("shortest", 3000),
                    ], about: "pond:\(Self.pond)")
            ),
        ]
    }

    /// Lets all devices report until cancelled.
    func runUntilCancelled() async throws {
        try await prepare()
        // A minute a second: a day and a night are seen within half an hour.
        let asked = ProcessInfo.processInfo.environment["CAIRN_POND_ACCELERATION"].flatMap { Double($0) } ?? 60
        let pond = try PondSimulation(
            try configuration(interval: asked > 300 ? 0.5 : 2, acceleration: min(3600, max(1, asked))))
        try await pond.connect()
        do {
            try await pond.run()
        } catch {
            await pond.close()
            if !Task.isCancelled { throw error }
        }
    }
}
