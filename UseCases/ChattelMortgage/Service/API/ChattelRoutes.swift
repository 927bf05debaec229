import APIKit
import ChattelMortgageContract
import ChattelMortgagePages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import Replica
import UseCaseKit

/// The pages of enterprise, bank and monitoring organisation. A form becomes a statement that this node signs for the
/// signed-in participant.
struct ChattelRoutes: Sendable {
    /// Lots, receipts or loans that are looked at.
    static let limit = 5000
    /// Before and after a measurement, ms.
    private static let around: UInt64 = 60_000

    /// What is told later than this was held up on the way, ms.
    private static let late: UInt64 = 60_000

    static let tag = "chattel-mortgage"

    let platform: Platform

    typealias Chattel = ChattelContract
    typealias Role = ChattelContract.Role
    typealias Arguments = [(String, Value)]

    var routes: [Route] {
        [receiptRoute, markRoute, OrderProof(platform: platform).route] + goodsRoutes + lendingRoutes + hallRoutes
            + CaseRoom(chattel: self).routes + NoticeRoutes(platform: platform).routes
    }

    func page(
        _ path: String, _ summary: String, role: String,
        _ make: @escaping @Sendable (Session) throws -> WorkPage
    ) -> Route {
        Route(.get, path, summary, tag: Self.tag, access: .role(role), produces: "text/html") { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            return try platform.page(try make(session), session)
        }
    }

    /// What a form asks for.
    struct Wish: Sendable {
        let operation: String
        let arguments: Arguments
        let subject: String
        let done: String
    }

    func action(
        _ path: String, _ summary: String, role: String, back: Site.Link,
        _ wish: @escaping @Sendable (FormInput, Session) throws -> Wish
    ) -> Route {
        platform.form(path, summary, tag: Self.tag, access: .role(role)) { input, session in
            let wish = try wish(input, session)
            return try await platform.submit(
                [.init(.init(Chattel.contractName, wish.operation, wish.arguments), about: wish.subject)], as: session,
                title: wish.done, back: back)
        }
    }

    // MARK: What is known

    func lots(where isWanted: (Lot) -> Bool) throws -> [(key: String, value: Lot)] {
        try platform.state.scan(Chattel.lots, limit: Self.limit).filter { isWanted($0.value) }
    }

    func receipts(where isWanted: (WarehouseReceipt) -> Bool) throws -> [(key: String, value: WarehouseReceipt)] {
        try platform.state.scan(Chattel.receipts, limit: Self.limit).filter { isWanted($0.value) }
    }

    func bay(of lot: Lot) throws -> BayRecord? { try platform.state.get(Chattel.bays, "\(lot.site)/\(lot.bay)") }

    func siteName(_ id: String) throws -> String { try platform.state.get(Chattel.sites, id)?.name ?? id }

    /// What a loan's goods are worth now; nil without a price.
    func value(of loan: Loan) throws -> UInt64? {
        var sum: UInt64 = 0
        for number in loan.receipts {
            guard let receipt = try platform.state.get(Chattel.receipts, number),
                let price = try platform.state.get(Chattel.prices, receipt.kind),
                let value = try? price.value(of: receipt.grams - min(receipt.grams, receipt.releasable))
            else { return nil }
            sum += value
        }
        return sum
    }

    /// Records of a lot or receipt, and what the sensors of its bay reported around what is known of it.
    ///
    /// - Parameter devices: those of the bay that count; all of them without it.
    func grounds(_ name: String, _ bay: BayRecord?, _ devices: [String]? = nil) -> Grounds {
        guard let bay else { return Grounds(about: [name]) }
        return Grounds(
            about: [name], devices: devices ?? bay.devices, from: bay.at - min(bay.at, Self.around),
            to: bay.at + Self.around)
    }

    func record(_ id: Hash32) -> String { ExplorerPaths.transaction(id.hex, ledger: platform.node.ledger.hex) }

    static func moment(_ milliseconds: UInt64) -> Moment { Moment(milliseconds: Int64(clamping: milliseconds)) }

    static func stage(of receipt: WarehouseReceipt) -> Table.Cell {
        if receipt.isBlocked { return .mark("Goods missing", .bad) }
        if receipt.loan != nil { return .mark("Pledged", .neutral) }
        switch receipt.title.stage {
        case .issued: return .mark("Free", .good)
        case .surrendered: return .mark("Surrendered", .neutral)
        case .cancelled: return .mark("Ended", .neutral)
        case .replaced: return .mark("Replaced by others", .neutral)
        }
    }

    /// Alarms of lots, the latest first.
    func alarmTable(_ lots: [(key: String, value: Lot)]) throws -> Table {
        var rows: [(UInt64, [Table.Cell])] = []
        for (name, lot) in lots where lot.alarms > 0 {
            for (key, alarm) in try platform.state.scan(Chattel.alarms, prefix: "\(name)/", limit: 100) {
                rows.append(
                    (
                        alarm.at,
                        [
                            .text(AlarmWords.title(alarm.kind)),
                            .text(AlarmWords.value(alarm) + (try delay(of: alarm))),
                            .link(
                                "\(name), no. \(key.split(separator: "/").last ?? "")", href: record(alarm.transaction)),
                            .time(Self.moment(alarm.at)),
                            alarm.closed.map { .mark("Closed: \($0)", .good) } ?? .mark("Open", .bad),
                        ]
                    ))
            }
        }
        return Table(
            caption: "Alarms",
            columns: [.init("What"), .init("How much"), .init("Lot"), .init("Seen"), .init("State")],
            rows: rows.sorted { $0.0 > $1.0 }.prefix(30).map(\.1),
            empty: .init("No alarm. What sensors see against the papers shows here within seconds."))
    }

    /// How much later than it was seen an alarm was told, where the sensors had no connection in between.
    private func delay(of alarm: Alarm) throws -> String {
        guard let told = try platform.record(of: alarm.transaction)?.time, told > alarm.at + Self.late else {
            return ""
        }
        return ", told \(Amounts.length(told - alarm.at)) later"
    }

    // MARK: For everybody who is signed in

    /// A buyer checks a receipt by its number before paying.
    private var receiptRoute: Route {
        Route(
            .get, "/receipts/{number}", "A receipt, and whether it is free", tag: Self.tag, produces: "text/html",
            problems: [404: "not-found"]
        ) { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            return try platform.page(try receiptPage(request.parameter("number"), session), session)
        }
    }

    /// Banks learn whether marks are known, and nothing else.
    private var markRoute: Route {
        Route(
            .get, "/api/v1/chattel/marks", "Whether goods with a mark are known: hit or no hit", tag: Self.tag,
            access: .role(Role.bank),
            parameters: [
                .init("mark", in: .query, "a serial number, seal or tag", .pattern(".{1,100}"), isRequired: true)
            ]
        ) { request in
            guard let mark = request.query["mark"], !Fingerprint.normal(mark).isEmpty else {
                throw Problem.badRequest("mark is a serial number, seal or tag")
            }
            let known = try platform.state.get(Chattel.fingerprints, Fingerprint.hash(of: mark).hex)
            return .json(["hit": known != nil])
        }
    }
}
