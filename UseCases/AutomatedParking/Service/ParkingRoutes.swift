import APIKit
import AutomatedParkingContract
import AutomatedParkingGateway
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Lots, prices and stays for programs; rate tables in the shape of APDS (ISO/TS 5206-1).
struct ParkingRoutes: Sendable {
    /// Stays of one driver that are looked at.
    static let mostStays = 10_000

    static let tag = "parking"

    let platform: Platform

    private static let lot = Route.Parameter("lot", in: .path, "The lot's id")

    /// A form that becomes statements of the contract.
    func act(
        _ path: String, _ summary: String, role: String, back: Site.Link,
        _ wishes: @escaping @Sendable (FormInput, Session) throws -> [Platform.Wish]
    ) -> Route {
        platform.form(path, summary, tag: Self.tag, access: .role(role)) { input, session in
            try await platform.submit(try wishes(input, session), as: session, title: "Recorded", back: back)
        }
    }

    static func wish(_ name: String, _ arguments: [(String, CBOR)], about subject: String) -> Platform.Wish {
        Platform.Wish(Ledger.Operation(ParkingContract.contractName, name, arguments), about: subject)
    }

    /// Longest stay that is quoted, s: 62 days.
    static let longestStay: UInt64 = 89_280 * 60

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/parking/lots", "Car parks, with free spaces", tag: Self.tag, access: .anyone
            ) { _ in
                let lots = try platform.state.scan(ParkingContract.lots, limit: 1000)
                return .json(["items": lots.map { id, lot in Self.shown(id, lot) }])
            },
            Route(
                .get, "/api/v1/parking/lots/{lot}/quote", "What a stay costs: the bill beforehand", tag: Self.tag,
                access: .anyone,
                parameters: [
                    Self.lot,
                    .init("minutes", in: .query, "Length of the stay", .integer(0...89_280), isRequired: true),
                    .init("entry", in: .query, "Seconds since 1970; now without it", .integer(0...4_102_444_800)),
                ], problems: [404: "not-found"]
            ) { request in
                let (_, tariff) = try tariff(try request.parameter("lot"))
                let minutes = try request.integer("minutes", default: 60, in: 0...89_280)
                let now = Int(platform.now / 1000)
                let entry = UInt64(try request.integer("entry", default: now, in: 0...4_102_444_800))
                let bill = try Bill.compute(tariff, entry: entry, exit: entry + UInt64(minutes) * 60)
                return .json(Self.shown(bill))
            },
            Route(
                .get, "/api/v1/parking/lanes", "Lanes of a gateway, with the plates that accounts answer for",
                tag: Self.tag,
                parameters: [.init("gateway", in: .query, "The gateway's participant id", isRequired: true)],
                problems: [403: "not-yours"]
            ) { request in
                let session = try request.requireSession()
                let gateway = request.query["gateway"] ?? ""
                guard session.participant == gateway else { throw Problem(403, "not-yours", "ask for your own lanes") }
                return try lanes(of: gateway)
            },
            Route(
                .get, "/api/v1/parking/sessions", "Stays of the driver who is signed in, or of an operator's lots",
                tag: Self.tag,
                parameters: [.init("limit", in: .query, "The latest so many; 200 without it", .integer(1...2000))]
            ) { request in
                let session = try request.requireSession()
                let limit = Int(try request.integer("limit", default: 200, in: 1...2000))
                return .json(["items": try stays(of: session, limit: limit).map { Self.shown($0.key, $0.session) }])
            },
            Route(
                .get, "/api/v1/parking/sessions/{lot}/{number}", "A stay, for its driver and its lot's operator",
                tag: Self.tag, parameters: [Self.lot, .init("number", in: .path, "Its number")],
                problems: [404: "not-found"]
            ) { request in
                let key = "\(try request.parameter("lot"))/\(try request.parameter("number"))"
                return .json(Self.shown(key, try stay(key, for: try request.requireSession())))
            },
        ]
    }

    // MARK: What is there

    func tariff(_ lot: String) throws -> (version: UInt64, tariff: Tariff) {
        guard let record = try platform.state.get(ParkingContract.lots, lot),
            let found = try ParkingContract.tariff(
                of: lot, count: record.tariffs, at: platform.now, in: platform.state)
        else { throw Problem.notFound("the tariff of lot \(lot)") }
        return found
    }

    /// Latest first. A driver sees own stays, an operator those of own lots, and nobody else's.
    func stays(of session: Session, limit: Int) throws -> [(key: String, session: ParkingSession)] {
        if session.roles.contains(ParkingContract.Role.lotOperator) {
            var found: [(key: String, session: ParkingSession)] = []
            for (id, lot) in try platform.state.scan(ParkingContract.lots, limit: 1000)
            where lot.operatorID == session.participant {
                let first = lot.sessions > UInt64(limit) ? lot.sessions - UInt64(limit) : 0
                found += try platform.state.scan(
                    ParkingContract.sessions, prefix: "\(id)/", after: ParkingContract.session(id, first), limit: limit
                ).map { ($0.key, $0.value) }
            }
            return Array(found.sorted { $0.session.entry.time > $1.session.entry.time }.prefix(limit))
        }
        let prefix = "\(session.participant)/"
        let keys = try platform.state.scan(ParkingContract.stays, prefix: prefix, limit: Self.mostStays)
            .sorted { $0.value > $1.value }.prefix(limit)
        return try keys.compactMap { entry in
            let key = String(entry.key.dropFirst(prefix.count))
            return try platform.state.get(ParkingContract.sessions, key).map { (key, $0) }
        }
    }

    func stay(_ key: String, for session: Session) throws -> ParkingSession {
        let lot = String(key.prefix { $0 != "/" })
        guard let stay = try platform.state.get(ParkingContract.sessions, key),
            let record = try platform.state.get(ParkingContract.lots, lot),
            [stay.driver, stay.payer, record.operatorID].contains(session.participant)
        else { throw Problem.notFound("stay \(key) among yours") }
        return stay
    }

    /// Records of a stay, and what the camera of a passage reported.
    static func grounds(_ key: String, _ passage: Passage) -> Grounds {
        Grounds(about: ["session:\(key)"], devices: [passage.device], from: passage.time, to: passage.time + 1)
    }

    /// What a figure over several stays adds up, as far as an address can name them; nil where it adds up none.
    static func grounds(_ stays: [(key: String, session: ParkingSession)]) -> Grounds? {
        stays.isEmpty ? nil : Grounds(about: stays.map { "session:\($0.key)" })
    }

    /// The price of a stay, which leads to its evidence.
    static func price(_ key: String, _ stay: ParkingSession) -> Table.Cell {
        stay.bill.map {
            .link(ParkingWords.money($0.total), href: Grounds(about: ["session:\(key)"]).href)
        } ?? .text("")
    }

    private func lanes(of gateway: String) throws -> APIResponse {
        let plates = try platform.state.scan(ParkingContract.plates, limit: 100_000)
            .filter { $0.value.stage == .active }.map(\.key)
        var tags: [String: LaneTerms.Car] = [:]
        for (tag, plate) in try platform.state.scan(ParkingContract.tags, limit: 100_000) {
            guard let record = try platform.state.get(ParkingContract.plates, plate) else { continue }
            tags[tag] = LaneTerms.Car(plate: plate, shape: record.shape.hex)
        }
        let lanes = try platform.state.scan(ParkingContract.lanes, limit: 10_000).filter { $0.value.gateway == gateway }
            .map { device, lane in
                LaneTerms(
                    device: device, lot: lane.lot, name: lane.name,
                    direction: lane.direction.rawValue, barrier: lane.barrier, sure: ParkingPlan.sure,
                    agreeing: ParkingPlan.agreeing, plates: lane.kind == .loop ? [] : plates,
                    tags: lane.kind == .reader ? tags : [:])
            }
        return .bytes([UInt8](try JSONEncoder().encode(["items": lanes])), "application/json")
    }

    // MARK: As JSON

    private static func shown(_ id: String, _ lot: Lot) -> [String: Any] {
        [
            "lot": id, "name": lot.name, "operator": lot.operatorID, "currency": lot.currency,
            "capacity": lot.capacity, "free": lot.capacity - min(lot.capacity, lot.occupied),
        ]
    }

    static func shown(_ bill: Bill) -> [String: Any] {
        [
            "total": bill.total, "tax": bill.tax, "withoutTax": bill.total - min(bill.total, bill.tax),
            "lines": bill.lines.map {
                ["label": $0.label, "count": $0.count, "beforeCap": $0.gross, "amount": $0.amount, "tax": $0.tax]
                    as [String: Any]
            },
        ]
    }

    static func shown(_ key: String, _ session: ParkingSession) -> [String: Any] {
        [
            "session": key, "stage": session.stage.rawValue, "entry": session.entry.time,
            "exit": session.exit?.time ?? NSNull(), "tariff": session.tariff,
            "bill": session.bill.map { shown($0) as Any } ?? NSNull(), "paid": session.paid,
            "refunded": session.refunded, "reason": session.reason ?? NSNull(),
            "payment": session.payment?.hex ?? NSNull(), "entryImage": session.entry.image.hex,
            "exitImage": session.exit?.image.hex ?? NSNull(),
        ]
    }
}
