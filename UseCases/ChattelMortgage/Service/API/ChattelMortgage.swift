import APIKit
import ChattelMortgageContract
import ChattelMortgagePages
import ContractKit
import Gateway
import Ledger
import PortalKit
import UseCaseKit

/// Chattel mortgage, ISO/IEC TR 30176:2021 clause 6.3.
public struct ChattelMortgage: UseCase {
    public let name = "chattel-mortgage"
    public let contracts: [any Contract] = [ChattelContract()]
    public let table = "table 10"
    public let parameters: [(contract: String, values: CBOR)] = [
        ("wallet", ["issuers": ["EUR": .text(People.clearing), "XPT": .text(People.chamber)]])
    ]
    public let templates: [TemplateFolder] = []
    /// Competitors lie in one hall, and banks compete for one loan.
    public let ledgerReaders: Set<String>? = [MembershipContract.registrar, MembershipContract.gateway]

    public init() {}

    /// Ids of the demo's cast.
    enum People {
        static let monitor = "portwatch"
        static let otherMonitor = "inland-watch"
        static let chamber = "chamber"
        static let enterprise = "nordic-metals"
        static let competitor = "baltic-trade"
        static let bank = "harbour-bank"
        static let otherBank = "city-bank"
        static let inspector = "surveyor"
        static let exchange = "metal-exchange"
        static let clearing = "clearing"
        static let gateway = "hall-gateway"
        static let member = "monitoring"
    }

    public func analysis() -> (any EdgeAnalysis)? { GoodsAnalysis() }

    public func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == ChattelContract.contractName else { return [] }
        let arguments = statement.operation.arguments
        var names: [String] = []
        for (argument, prefix) in [
            ("lot", "lot:"), ("receipt", "receipt:"), ("number", "receipt:"), ("application", "application:"),
            ("loan", "application:"), ("site", "site:"), ("to", "site:"),
        ] {
            if let value = arguments[text: argument]?.text { names.append(prefix + value) }
        }
        names += (arguments[text: "receipts"]?.array ?? []).compactMap { $0.text.map { "receipt:\($0)" } }
        return names
    }

    public func exchange(in statement: Statement) -> Exchange? { ChattelExchange.exchange(in: statement) }

    public func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        ChattelExchange.exchanges(in: statement, events: events)
    }

    /// Of the receipts that a bank holds it sees the goods, not the receipts' own records: among those are other banks' attempts.
    public func subjects(of participant: String, on platform: Platform) throws -> [String] {
        let state = platform.state
        let limit = ChattelRoutes.limit
        var names: Set<String> = []
        for (id, application) in try state.scan(ChattelContract.applications, limit: limit)
        where application.enterprise == participant || application.bank == participant && application.stage != .draft {
            names.insert("application:\(id)")
        }
        for (id, loan) in try state.scan(ChattelContract.loans, limit: limit)
        where loan.bank == participant || loan.enterprise == participant {
            names.insert("loan:\(id)")
            for number in loan.receipts where loan.stage != .closed {
                if let receipt = try state.get(ChattelContract.receipts, number) { names.insert("lot:\(receipt.lot)") }
            }
        }
        for (id, lot) in try state.scan(ChattelContract.lots, limit: limit) where lot.owner == participant {
            names.formUnion(["lot:\(id)"] + lot.receipts.map { "receipt:\($0)" })
        }
        for (id, site) in try state.scan(ChattelContract.sites, limit: limit) where site.monitor == participant {
            names.insert("site:\(id)")
        }
        return names.sorted()
    }

    /// A receipt and its pledge, or that there is none, are for the parties of its proof; see ``OrderProof``.
    public func mayRead(stateKey: String, as participant: String, on platform: Platform) throws -> Bool {
        let parts = stateKey.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == ChattelContract.contractName, ["receipts", "pledges"].contains(parts[1]),
            let receipt = try platform.state.get(ChattelContract.receipts, parts[2])
        else { return false }
        return try OrderProof(platform: platform).mayRead(parts[2], receipt, participant)
    }

    /// A case is an application with its receipts, their lots and where those lie.
    public func names(relatedTo name: String, on platform: Platform) throws -> [String] {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return [] }
        var receipts: [String] = []
        switch parts[0] {
        case "application": receipts = try platform.state.get(ChattelContract.applications, parts[1])?.receipts ?? []
        case "receipt": receipts = [parts[1]]
        case "lot": receipts = try platform.state.get(ChattelContract.lots, parts[1])?.receipts ?? []
        default: return []
        }
        var names = receipts.map { "receipt:\($0)" }
        for number in receipts {
            guard let receipt = try platform.state.get(ChattelContract.receipts, number) else { continue }
            names += ["lot:\(receipt.lot)", "site:\(receipt.site)"]
            if let loan = receipt.loan { names.append("application:\(loan)") }
        }
        return Array(Set(names)).sorted()
    }

    public func routes(on platform: Platform) -> [Route] { ChattelRoutes(platform: platform).routes }

    public func doors(on platform: Platform) -> StartPage.Section {
        StartPage.Section(
            title: "Chattel mortgage",
            sentence: "Loans on goods that sensors watch, and that nobody can pledge twice.",
            doors: [
                .init(
                    title: "I own goods", sentence: "See them by site, apply for a loan, ask for a release.",
                    href: "/goods", stage: .packing),
                .init(
                    title: "I lend", sentence: "Decide on status reports that can be proven; watch what is pledged.",
                    href: "/lending", stage: .sale),
                .init(
                    title: "I watch halls and trucks", sentence: "The hall map, alarms, receipts and reports.",
                    href: "/halls", stage: .storage),
            ])
    }

    public func home(for roles: [String]) -> String? {
        let homes = [
            (ChattelContract.Role.enterprise, "/goods"), (ChattelContract.Role.bank, "/lending"),
            (ChattelContract.Role.monitor, "/halls"),
        ]
        return homes.first { roles.contains($0.0) }?.1
    }

    public func examples(on platform: Platform) throws -> [String: [String: String]] {
        var pages = [
            "start": platform.address + "/", "ledger": "\(platform.address)/ledgers/\(platform.node.ledger.hex)",
            "verify": platform.address + "/verify",
        ]
        if let (number, _) = try platform.state.scan(ChattelContract.receipts, limit: 1).first {
            pages["receipt"] = "\(platform.address)/receipts/\(number)"
        }
        return ["pages": pages]
    }

    public let cast = Cast(
        members: [
            (People.member, "Port Watch Monitoring"), ("harbour", "Harbour Bank"), ("city", "City Bank"),
            ("chamber", "Chamber of Commerce"),
        ],
        participants: [
            .init(
                People.monitor, member: People.member, name: "Port Watch Monitoring",
                roles: [ChattelContract.Role.monitor]),
            .init(
                People.otherMonitor, member: People.member, name: "Inland Watch", roles: [ChattelContract.Role.monitor]),
            .init(
                People.chamber, member: "chamber", name: "Chamber of Commerce", roles: [MembershipContract.registrar]),
            .init(
                People.enterprise, member: "chamber", name: "Nordic Metals", roles: [ChattelContract.Role.enterprise]),
            .init(
                People.competitor, member: "chamber", name: "Baltic Trade", roles: [ChattelContract.Role.enterprise]),
            .init(People.bank, member: "harbour", name: "Harbour Bank", roles: [ChattelContract.Role.bank]),
            .init(People.otherBank, member: "city", name: "City Bank", roles: [ChattelContract.Role.bank]),
            .init(
                People.inspector, member: "chamber", name: "Sworn Surveyor", roles: [ChattelContract.Role.inspector]),
            .init(
                People.exchange, member: "chamber", name: "Metal Exchange",
                roles: [ChattelContract.Role.priceSource]),
            .init(People.clearing, member: "chamber", name: "Clearing House", roles: ["clearing"]),
            .init(
                People.gateway, member: People.member, name: "Gateway of Port Watch",
                roles: [MembershipContract.gateway]),
        ])

    public func scenario(on stage: Stage) async throws {
        let field = try GoodsField(stage: stage)
        try await field.with { sensors in
            try await ChattelScenario(stage: stage, field: field, sensors: sensors).run()
        }
    }

    public func simulate(on stage: Stage) async throws { try await GoodsField(stage: stage).runUntilCancelled() }
}
