import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingGateway
import FishFarmingPages
import Gateway
import Ledger
import PortalKit
import UseCaseKit

/// Financial services for fish farming, ISO/IEC TR 30176:2021 clause 6.2.
public struct FishFarming: UseCase {
    public let name = "fish-farming"
    public let contracts: [any Contract] = [FishFarmingContract()]
    public let table = "table 7"
    public let templates = [FishFarmingTemplates.folder]

    /// Applications, covers and ponds are the business of their parties; banks compete.
    public let ledgerReaders: Set<String>? = [MembershipContract.registrar, MembershipContract.gateway]

    public init() {}

    public func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == FishFarmingContract.contractName else { return [] }
        let arguments = statement.operation.arguments
        var names: [String] = []
        for (argument, prefix) in [
            ("pond", "pond:"), ("batch", "batch:"), ("water", "water:"), ("species", "species:"), ("order", "order:"),
            ("loan", "loan:"), ("cover", "cover:"),
        ] {
            if let value = arguments[text: argument]?.text { names.append(prefix + value) }
        }
        if let key = arguments[text: "case"]?.text { names.append("objection:\(key)") }
        for argument in ["institution", "model", "device", "farmer", "provider"] {
            if let value = arguments[text: argument]?.text { names.append(value) }
        }
        if statement.operation.name == "publishModel", let name = arguments["name"]?.text,
            let version = arguments["version"]?.unsigned
        {
            names.append("\(statement.issuer)/\(name)/\(version)")
        }
        return names
    }

    public func exchange(in statement: Statement) -> Exchange? { FishExchange.exchange(in: statement) }

    public func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        FishExchange.exchanges(in: statement, events: events)
    }

    /// A loan or cover stands in the sequence of its pond, batch and order.
    public func names(relatedTo name: String, on platform: Platform) throws -> [String] {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return [] }
        func pond(of batch: String) throws -> [String] {
            guard let record = try platform.state.get(FishFarmingContract.batches, batch) else { return [] }
            return ["pond:\(record.pond)", "\(record.owner).water"]
        }
        switch parts[0] {
        case "loan":
            guard let loan = try platform.state.get(FishFarmingContract.loans, parts[1]) else { return [] }
            return ["batch:\(loan.batch)", "order:\(loan.order)", loan.model] + (try pond(of: loan.batch))
        case "cover":
            guard let cover = try platform.state.get(FishFarmingContract.covers, parts[1]) else { return [] }
            return ["batch:\(cover.batch)", cover.model] + (try pond(of: cover.batch))
        case "batch": return try pond(of: parts[1])
        default: return []
        }
    }

    public func subjects(of participant: String, on platform: Platform) throws -> [String] {
        let state = platform.state
        typealias Fish = FishFarmingContract
        func isFarmer(_ key: String) -> Bool { DeskRoutes.farmer(key) == participant }
        let limit = DeskRoutes.limit
        let ponds = try state.scan(Fish.ponds, limit: limit).filter { $0.value.owner == participant }.map {
            "pond:\($0.key)"
        }
        let batches = try state.scan(Fish.batches, limit: limit).filter { $0.value.owner == participant }
            .map { "batch:\($0.key)" }
        let orders = try state.scan(Fish.orders, limit: limit)
            .filter { $0.value.owner == participant || $0.value.seller == participant }.map { "order:\($0.key)" }
        let loans = try state.scan(Fish.loans, limit: limit)
            .filter { $0.value.institution == participant || isFarmer($0.key) }.map { "loan:\($0.key)" }
        let covers = try state.scan(Fish.covers, limit: limit)
            .filter { try $0.value.insurer == participant || isFarmer($0.key) || adjusts(participant, $0.value, state) }
            .map { "cover:\($0.key)" }
        let objections = try state.scan(Fish.objections, limit: limit)
            .filter { $0.value.institution == participant || isFarmer(Fish.decision(of: $0.key)) }
            .map { "objection:\($0.key)" }
        return ponds + batches + orders + loans + covers + objections
    }

    /// Loss adjusters see the covers of insurers of their organisation.
    private func adjusts(_ participant: String, _ cover: CoverRecord, _ state: some StateReader) throws -> Bool {
        guard let person = try state.get(MembershipContract.participants, participant),
            person.roles.contains(FishFarmingContract.Role.auditor)
        else { return false }
        return try state.get(MembershipContract.participants, cover.insurer)?.member == person.member
    }

    /// A farmer who signs a service company's terms opens the farm's record with it.
    public func signing(_ terms: SignedTerms, by session: Session, on platform: Platform) throws -> Ledger.Operation? {
        guard terms.name == FishFarmingContract.serviceTerms, session.roles.contains(FishFarmingContract.Role.farmer)
        else { return nil }
        return Ledger.Operation(
            FishFarmingContract.contractName, "signAgreement",
            [
                ("provider", .text(terms.issuer)), ("version", .text(terms.version)), ("document", .hash(terms.hash)),
            ])
    }

    public func control() -> (any EdgeControl)? { PondWatch() }

    public func routes(on platform: Platform) -> [Route] {
        PondRoutes(platform: platform).routes + FarmerRoutes(platform: platform).routes
            + DeskRoutes(platform: platform).routes + AlarmRoutes(platform: platform).routes
            + FigureRoutes(platform: platform).routes + RiskRoutes(platform: platform).routes
            + NightRoutes(platform: platform).routes + BatchRoutes(platform: platform).routes
            + ObjectionRoutes(platform: platform).routes + ClaimRoutes(platform: platform).routes
            + OnboardingRoutes(platform: platform).routes + WarningRoutes(platform: platform).routes
    }

    public func doors(on platform: Platform) -> StartPage.Section {
        StartPage.Section(
            title: "Financial services for fish farming",
            sentence: "Ponds that keep their fish alive, and loans and insurance that rest on what they report.",
            doors: [
                .init(
                    title: "I farm fish", sentence: "See your ponds, tonight's forecast, loans and cover.",
                    href: "/fish", stage: .watering),
                .init(
                    title: "I lend", sentence: "Applications, reasons and the ponds behind your loans.",
                    href: "/fish/bank", stage: .test),
                .init(
                    title: "I insure", sentence: "Quotes, covers and what they paid.", href: "/fish/insurer",
                    stage: .storage),
                .init(
                    title: "I adjust losses", sentence: "What farmers told, the evidence, and what was paid.",
                    href: ClaimRoutes.path, stage: .test),
                .init(
                    title: "I help farmers begin",
                    sentence: "Explain terms in their language, and record that you did.",
                    href: "/fish/onboarding", stage: .watering),
            ])
    }

    public func home(for roles: [String]) -> String? {
        let homes = [
            (FishFarmingContract.Role.farmer, "/fish"), (FishFarmingContract.Role.bank, "/fish/bank"),
            (FishFarmingContract.Role.insurer, "/fish/insurer"), (FishFarmingContract.Role.auditor, ClaimRoutes.path),
            (FishFarmingContract.Role.extensionWorker, "/fish/onboarding"),
            (FishFarmingContract.Role.vet, WarningRoutes.path),
        ]
        return homes.first { roles.contains($0.0) }?.1
    }

    public func examples(on platform: Platform) throws -> [String: [String: String]] {
        var loans: [String: String] = [:]
        for (key, loan) in try platform.state.scan(FishFarmingContract.loans, limit: 200) {
            loans[loan.stage.rawValue] = "\(platform.address)/sequence?about=loan:\(key)"
        }
        return [
            "loans": loans,
            "pages": [
                "farmer": platform.address + "/fish", "bank": platform.address + "/fish/bank",
                "insurer": platform.address + "/fish/insurer",
                "ledger": "\(platform.address)/ledgers/\(platform.node.ledger.hex)",
            ],
        ]
    }

    public let cast = Cast(
        members: [
            ("aqua-service", "AquaCloud Services"), ("rural-bank", "Rural Bank"), ("city-bank", "City Bank"),
            ("harvest-mutual", "Harvest Mutual Insurance"),
        ],
        participants: [
            .init(
                FishStage.farmer, member: "aqua-service", name: "Lagoon Fish Farm",
                roles: [FishFarmingContract.Role.farmer]),
            .init(
                FishStage.newcomer, member: "aqua-service", name: "Bay Fish Farm",
                roles: [FishFarmingContract.Role.farmer]),
            .init(
                "extension-amina", member: "aqua-service", name: "Amina Okoye, Extension Service",
                roles: [FishFarmingContract.Role.extensionWorker]),
            .init(
                "fisheries-office", member: "aqua-service", name: "Fisheries Registration Office",
                roles: [MembershipContract.registrar]),
            .init(
                "aquacloud", member: "aqua-service", name: "AquaCloud Services",
                roles: [FishFarmingContract.Role.service]),
            .init("rural-bank", member: "rural-bank", name: "Rural Bank", roles: [FishFarmingContract.Role.bank]),
            .init("city-bank", member: "city-bank", name: "City Bank", roles: [FishFarmingContract.Role.bank]),
            .init(
                "harvest-mutual", member: "harvest-mutual", name: "Harvest Mutual Insurance",
                roles: [FishFarmingContract.Role.insurer]),
            .init(
                "delta-feeds", member: "aqua-service", name: "Delta Feed and Fry",
                roles: [FishFarmingContract.Role.supplier]),
            .init(
                "pond-vet", member: "aqua-service", name: "Veterinary Practice of the Delta",
                roles: [FishFarmingContract.Role.vet]),
            .init(
                "loss-desk", member: "harvest-mutual", name: "Loss Adjusters of the Delta",
                roles: [FishFarmingContract.Role.auditor]),
            .init(
                FishStage.gateway, member: "aqua-service", name: "Gateway of Lagoon Fish Farm",
                roles: [MembershipContract.gateway]),
        ])

    public func scenario(on stage: Stage) async throws { try await FishScenario(stage: stage).run() }
    public func simulate(on stage: Stage) async throws { try await FishStage(stage: stage).runUntilCancelled() }
}
