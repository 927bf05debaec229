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
    /// A farm that has not begun yet.
    static let newcomer = "bay-farm"
    static let company = "aquacloud"
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
        try await publishTerms()
        let (pace, now) = (Self.pace, UInt64(Date().timeIntervalSince1970 * 1000))
        let all = CBOR.array(DataClass.allCases.map { .text($0.rawValue) })
        return [
            (
                "contract with the service company, read and signed with the farmer's own key",
                try await must(
                    "signAgreement",
                    [
                        ("provider", .text(Self.company)), ("version", "1.0"),
                        ("document", .hash(Hash32.sha256(Bytes(DemoTerms.service.utf8)))),
                    ], about: Self.farmer)
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
                        ("pace", .unsigned(UInt64(pace))),
                        // The simulated pond's day begins in the afternoon.
                        ("midnight", .unsigned(now - UInt64(Self.firstHour * 3_600_000 / pace))),
                    ], about: "pond:\(Self.pond)")
            ),
        ]
    }

    /// Seconds of the pond in one. A minute a second: a day and a night are seen within half an hour.
    private static var pace: Double {
        let asked = ProcessInfo.processInfo.environment["CAIRN_POND_ACCELERATION"].flatMap { Double($0) } ?? 60
        return min(3600, max(1, asked.rounded()))
    }
    private static let firstHour = 17.0

    /// Companies publish their terms, and the gateway takes readings of those alone who signed the service company's.
    private func publishTerms() async throws {
        func publish(_ issuer: String, _ name: String, _ title: String, _ text: String) async throws {
            try await must(
                "publish",
                [
                    ("name", .text(name)), ("version", "1.0"), ("title", .text(title)),
                    ("text", .bytes(Bytes(text.utf8))),
                ], as: issuer, about: issuer, contract: TermsContract.contractName)
        }
        try await publish(
            Self.company, FishFarmingContract.serviceTerms, "Looking after your ponds and your data", DemoTerms.service)
        for (issuer, company, service) in Self.institutions {
            try await publish(
                issuer, FishFarmingContract.financeTerms, "Your data and \(service)",
                DemoTerms.finance(company, service))
        }
        try await must(
            "need",
            [
                ("gateway", .text(Self.gateway)), ("issuer", .text(Self.company)),
                ("name", .text(FishFarmingContract.serviceTerms)),
            ], as: Self.registrar, about: Self.gateway, contract: TermsContract.contractName)
    }

    private static let institutions = [
        ("rural-bank", "Rural Bank", "a loan"), ("city-bank", "City Bank", "a loan"),
        ("harvest-mutual", "Harvest Mutual Insurance", "insurance"),
    ]

    /// What a farmer signs who read the terms of a bank or insurer, as the ledger has them.
    func financeTerms(of institution: String) async throws -> [(String, CBOR)] {
        let place = "\(institution)/\(FishFarmingContract.financeTerms)"
        guard let version = try await stage.state("terms/latest/\(place)")?.text,
            let hash = try await stage.state("terms/texts/\(place)/\(version)")?.map?["hash"]
        else { throw ScenarioError("\(institution) has no terms") }
        return [
            ("issuer", .text(institution)), ("name", .text(FishFarmingContract.financeTerms)),
            ("version", .text(version)), ("hash", hash),
        ]
    }

    /// Lets all devices report until cancelled.
    func runUntilCancelled() async throws {
        try await prepare()
        let pace = Self.pace
        let pond = try PondSimulation(try configuration(interval: pace > 300 ? 0.5 : 2, acceleration: pace))
        // Pond and gateway count the same hours.
        let record = try await StageEvidence(stage).state("fish/ponds/\(Self.pond)").value
        if let midnight = record?["midnight"] as? NSNumber, let own = record?["pace"] as? NSNumber {
            let seconds = (Date().timeIntervalSince1970 - midnight.doubleValue / 1000) * own.doubleValue
            await pond.set(oxygen: await pond.oxygen, hour: (seconds / 3600).truncatingRemainder(dividingBy: 24))
        }
        try await pond.connect()
        do {
            try await pond.run()
        } catch {
            await pond.close()
            if !Task.isCancelled { throw error }
        }
    }
}
