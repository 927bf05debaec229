import APIKit
import AgriculturalTracingContract
import AgriculturalTracingGateway
import AgriculturalTracingPages
import ContractKit
import Gateway
import Ledger
import PortalKit
import UseCaseKit

/// Agricultural product tracing, ISO/IEC TR 30176:2021 clause 6.1.
public struct AgriculturalTracing: UseCase {
    public let name = "agricultural-tracing"
    public let contracts: [any Contract] = [TracingContract()]
    public let table = "table 4"
    public let parameters: [(contract: String, values: CBOR)] = [("agri", ["coldChainLimit": 700])]
    public let templates = [AgriculturalTracingTemplates.folder]

    /// Queries and subscriptions of partners' systems.
    let queries = QueryDesk()

    public init() {}

    public func analysis() -> (any EdgeAnalysis)? { TagReaders() }

    public func work(on platform: Platform, beside others: any LedgersBeside) async throws {
        try await SubscriptionDelivery(platform: platform, desk: queries).run()
    }

    public func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == TracingContract.contractName else { return [] }
        let arguments = statement.operation.arguments
        var names: [String] = []
        for (argument, prefix) in [("plot", "plot:"), ("farm", "farm:"), ("seedLot", "seedlot:"), ("leg", "leg:")] {
            if let value = arguments[.text(argument)]?.text { names.append(prefix + value) }
        }
        if let lot = arguments["lot"]?.text {
            // A lot has thousands of boxes; they are found under a name of their own.
            names.append((statement.operation.name == "commission" ? "boxes-of:" : "lot:") + lot)
        }
        if let code = arguments["code"]?.text { names.append(code) }
        if let event = arguments["event"]?.text { names.append("epcis:" + event) }
        names += (arguments["boxes"]?.array ?? []).compactMap(\.text)
        names += ((arguments["inputs"]?.array ?? []) + (arguments["outputs"]?.array ?? []))
            .compactMap { $0.map?["lot"]?.text.map { "lot:" + $0 } }
        if let room = arguments["room"]?.text { names.append("room:" + room) }
        if let device = arguments["device"]?.text { names.append("placement:" + device) }
        if let about = arguments["about"]?.text { names.append(about) }
        if let new = arguments["replacement"]?.text { names.append(new) }
        if let station = arguments["station"]?.text { names.append("station:" + station) }
        return names
    }

    public func exchange(in statement: Statement) -> Exchange? { TracingExchange.exchange(in: statement) }

    /// A box stands in the sequence of its lot, plot and seed.
    public func names(relatedTo name: String, on platform: Platform) throws -> [String] {
        guard let code = try? ProductCode(path: name),
            let used = try platform.state.get(TracingContract.codes, code.path),
            let lot = try platform.state.get(TracingContract.harvestLots, used.harvestLot)
        else { return [] }
        return ["lot:\(used.harvestLot)", "\(lot.owner).soil"]
            + (lot.plot.map { ["plot:\($0)"] } ?? []) + (lot.seedLot.map { ["seedlot:\($0)"] } ?? [])
    }

    public func routes(on platform: Platform) -> [Route] {
        queries.keep(in: platform.folder.appending(path: "epcis-queries.json"), of: platform.node.ledger) { words in
            platform.logger.warning("\(words)")
        }
        let epcis =
            CaptureRoutes(platform: platform).routes + EventRoutes(platform: platform).routes
            + QueryRoutes(platform: platform, desk: queries).routes + SecrecyRoutes(platform: platform).routes
        return TracingRoutes(platform: platform).routes + WorkRoutes(platform: platform).routes
            + epcis.map { $0.calling(EPCISWire.problemTypes) }
            + LotRoutes(platform: platform).routes
            + DocumentRoutes(platform: platform).routes + ScoreRoutes(platform: platform).routes
            + PlotRoutes(platform: platform).routes + LabelRoutes(platform: platform).routes
    }

    public func doors(on platform: Platform) -> StartPage.Section {
        let latest = try? platform.index.latest(contract: TracingContract.contractName, limit: 200)
            .first { $0.operation == "commission" && $0.rejection == nil }
        return StartPage.Section(
            title: "Agricultural product tracing",
            sentence: "From seed to sale, with a code on every box that anyone can check.",
            doors: [
                .init(
                    title: "I bought something", sentence: "See where it grew, who tested it and how it travelled.",
                    href: latest.map { "/" + $0.subject } ?? "/verify", stage: .sale),
                .init(title: "I farm", sentence: "Record work, harvest and boxes.", href: "/farm", stage: .growth),
                .init(title: "I test", sentence: "Report results on lots.", href: "/laboratory", stage: .test),
                .init(
                    title: "I transport", sentence: "Sign for boxes and hand them over.", href: "/carrier",
                    stage: .transport),
                .init(title: "I sell", sentence: "Receive and sell boxes.", href: "/shop", stage: .storage),
            ])
    }

    public func home(for roles: [String]) -> String? {
        let homes = [
            (TracingContract.Role.farmer, "/farm"), (TracingContract.Role.laboratory, "/laboratory"),
            (TracingContract.Role.carrier, "/carrier"), (TracingContract.Role.seller, "/shop"),
        ]
        return homes.first { roles.contains($0.0) }?.1
    }

    public func examples(on platform: Platform) throws -> [String: [String: String]] {
        var boxes = ["unknown": "\(platform.address)/01/\(WorkRoutes.gtin)/10/NONE/21/0000000000"]
        for record in try platform.index.latest(contract: TracingContract.contractName, limit: 500)
        where record.operation == "commission" && record.rejection == nil {
            guard let code = try? ProductCode(path: record.subject), let trace = try BoxTrace(code, on: platform) else {
                continue
            }
            let state = BoxPageModel(trace: trace, platform: platform, session: nil).state
            if boxes[state] == nil { boxes[state] = "\(platform.address)/\(code.path)" }
        }
        return [
            "boxes": boxes,
            "pages": [
                "start": platform.address + "/", "ledger": "\(platform.address)/ledgers/\(platform.node.ledger.hex)",
                "verify": platform.address + "/verify",
            ],
        ]
    }

    public let cast = Cast(
        members: [
            ("cooperative", "Green Valley Co-operative"), ("laboratory", "AgriLab Institute"),
            ("logistics", "ColdLine Logistics"), ("retail", "Fresh Corner Markets"),
        ],
        participants: [
            .init(
                "accreditor", member: "laboratory", name: "National Accreditation Body",
                roles: [MembershipContract.registrar]),
            .init("farm", member: "cooperative", name: "Hillside Farm", roles: [TracingContract.Role.farmer]),
            .init("agrilab", member: "laboratory", name: "AgriLab Institute", roles: [TracingContract.Role.laboratory]),
            .init("coldline", member: "logistics", name: "ColdLine Logistics", roles: [TracingContract.Role.carrier]),
            .init(
                "corner-shop", member: "retail", name: "Fresh Corner Market 12", roles: [TracingContract.Role.seller]),
            .init(
                "farm-gateway", member: "cooperative", name: "Gateway of Hillside Farm",
                roles: [MembershipContract.gateway]),
            .init(
                "partner-registry", member: "retail", name: "Partner's EPCIS repository",
                roles: [TracingContract.Role.partner]),
        ])

    public func scenario(on stage: Stage) async throws { try await TracingScenario(stage: stage).run() }
    public func simulate(on stage: Stage) async throws { try await FarmStage(stage: stage).runUntilCancelled() }
}
