import APIKit
import AutomatedParkingContract
import AutomatedParkingGateway
import ContractKit
import Gateway
import Ledger
import PortalKit
import UseCaseKit

/// Automated parking payment, ISO/IEC TR 30176:2021 clause 6.5.
public struct AutomatedParking: UseCase {
    public let name = "automated-parking"
    public let table = "table 16"
    public let contracts: [any Contract] = [ParkingContract()]
    public let templates: [TemplateFolder] = []
    /// The whole ledger shows who was where and when; drivers and operators have their own part by their own pages.
    public let ledgerReaders: Set<String>? = [MembershipContract.registrar, MembershipContract.gateway]
    public let parameters: [(contract: String, values: CBOR)] = [
        (
            ParkingContract.contractName,
            [
                "sure": .unsigned(ParkingPlan.sure), "agreeing": .unsigned(ParkingPlan.agreeing), "travel": 600_000,
                "longest": 2_592_000_000, "claim": 1_209_600_000,
                "notice": 60_000, "lateness": 604_800_000, "refund": 5000,
            ]
        )
    ]

    public init() {}

    public let cast = Cast(
        members: [
            ("city", "City of Harbourton"), ("harbour", "Harbour Parking"), ("hill", "Hill Parking"),
            ("drivers-club", "Drivers' Club"),
        ],
        participants: [
            .init("city-office", member: "city", name: "Vehicle Office", roles: [MembershipContract.registrar]),
            .init(
                "harbour-parking", member: "harbour", name: "Harbour Parking",
                roles: [ParkingContract.Role.lotOperator]),
            .init("hill-parking", member: "hill", name: "Hill Parking", roles: [ParkingContract.Role.lotOperator]),
        ]
            + ParkingPlan.drivers.map {
                .init($0.id, member: "drivers-club", name: $0.name, roles: [ParkingContract.Role.driver])
            } + [
                .init(
                    ParkingPlan.gateway, member: ParkingPlan.gatewayMember, name: "Gateway of the lanes",
                    roles: [MembershipContract.gateway])
            ])

    public func mentions(of statement: Statement) -> [String] {
        guard statement.operation.contract == ParkingContract.contractName else { return [] }
        let arguments = statement.operation.arguments
        var names: [String] = []
        if let plate = arguments["plate"]?.hash32 {
            names.append("plate:\(plate.hex)")
            // A stay has its plate's registration, and no other stays of the plate.
            if ["register", "check"].contains(statement.operation.name) {
                names.append("registration:\(plate.hex)")
            }
        }
        if let image = arguments["image"]?.hash32 { names.append("image:\(image.hex)") }
        if let session = arguments["session"]?.text { names.append("session:\(session)") }
        if let review = arguments["review"]?.text { names.append("review:\(review)") }
        return names
    }

    public func subjects(of participant: String, on platform: Platform) throws -> [String] {
        let state = platform.state
        let prefix = "\(participant)/"
        return try state.scan(ParkingContract.stays, prefix: prefix, limit: ParkingRoutes.mostStays)
            .map { "session:\($0.key.dropFirst(prefix.count))" }
    }

    public func exchange(in statement: Statement) -> Exchange? { ParkingExchange.exchange(in: statement) }

    public func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        ParkingExchange.exchanges(in: statement, events: events)
    }

    /// A stay stands in the sequence of its plate's registration, its pictures and its payment.
    public func names(relatedTo name: String, on platform: Platform) throws -> [String] {
        guard name.hasPrefix("session:"),
            let session = try platform.state.get(ParkingContract.sessions, String(name.dropFirst(8)))
        else { return [] }
        return ["image:\(session.entry.image.hex)", "registration:\(session.entry.plate.hex)"]
            + (session.exit.map { ["image:\($0.image.hex)"] } ?? [])
    }

    public func routes(on platform: Platform) -> [Route] {
        ParkingRoutes(platform: platform).routes + RateRoutes(platform: platform).routes
            + DriverRoutes(platform: platform).routes
            + OperatorRoutes(platform: platform).routes
    }

    public func doors(on platform: Platform) -> StartPage.Section {
        StartPage.Section(
            title: "Automated parking payment",
            sentence: "Drive in, drive out, and it is paid: with the bill's arithmetic open to everybody.",
            doors: [
                .init(
                    title: "I park", sentence: "My stays, receipts, plates and caps.", href: "/parking", stage: .sale),
                .init(
                    title: "I have no account", sentence: "Find a stay by its plate, and what it costs.",
                    href: "/parking/visitor", stage: .transport),
                .init(
                    title: "I run a car park", sentence: "Occupancy, revenue, doubtful cases, tariffs.",
                    href: "/parking/lots", stage: .test),
            ])
    }

    public func home(for roles: [String]) -> String? {
        if roles.contains(ParkingContract.Role.driver) { return "/parking" }
        return roles.contains(ParkingContract.Role.lotOperator) ? "/parking/lots" : nil
    }

    public func examples(on platform: Platform) throws -> [String: [String: String]] {
        var pages = ["start": platform.address + "/", "visitor": platform.address + "/parking/visitor"]
        for (id, _) in try platform.state.scan(ParkingContract.lots, limit: 1) {
            pages["prices"] = platform.address + "/parking/prices/\(id)"
        }
        return ["pages": pages]
    }

    public func control() -> (any EdgeControl)? { LaneWatch() }

    /// Steps 8 and 9: operators' nodes ask wallets as soon as a bill is there.
    public func work(on platform: Platform, beside others: any LedgersBeside) async throws {
        try await ChargeDesk(platform: platform).run()
    }

    public func scenario(on stage: Stage) async throws { try await ParkingScenario(stage: stage).run() }
    public func simulate(on stage: Stage) async throws { try await ParkingStage(stage: stage).runUntilCancelled() }
}
