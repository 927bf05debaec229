import APIKit
import ChattelMortgageContract
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The registry of notices for systems of institutions, in the shapes of a public registry of security interests
/// (BC Registries' Personal Property Registry, `registry_schemas`): financing, renewal and discharge statement, search.
///
/// A party is a participant of this ledger: its `code` is the id. What the registry is not told it does not show: fees are
/// not charged, and `payment` names the record on the ledger instead of an invoice.
struct NoticeRoutes: Sendable {
    private static let institutions = Route.Access.role(ChattelContract.Role.bank)
    private static let year: UInt64 = 365 * 86_400_000
    private static let maximumHits = 200

    let platform: Platform

    typealias Chattel = ChattelContract

    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/chattel/notices", "Register a notice: a financing statement", tag: ChattelRoutes.tag,
                access: Self.institutions, consumes: "application/json", bodyLimit: 1 << 16,
                success: (201, "The statement with its number, final on the ledger"),
                problems: [400: "bad-request", 422: "chattel"]
            ) { try await register($0) },
            Route(
                .get, "/api/v1/chattel/notices/{number}", "A notice as a financing statement", tag: ChattelRoutes.tag,
                access: Self.institutions, parameters: [.init("number", in: .path, "As N12")],
                problems: [404: "not-found"]
            ) { .json(try financing(try $0.parameter("number"))) },
            change("renewals", "Renew a notice: a renewal statement"),
            change("discharges", "Discharge a notice: a discharge statement"),
            Route(
                .post, "/api/v1/chattel/searches", "Search the registry, with a numbered certificate",
                tag: ChattelRoutes.tag, access: Self.institutions, consumes: "application/json", bodyLimit: 1 << 14,
                success: (201, "What was found, kept under its number"),
                problems: [400: "bad-request", 422: "chattel"]
            ) { try await search($0) },
            Route(
                .get, "/api/v1/chattel/searches/{number}", "The certificate of a search, again",
                tag: ChattelRoutes.tag, access: Self.institutions, parameters: [.init("number", in: .path, "As C7")],
                problems: [404: "not-found"]
            ) { .json(try certificate(try $0.parameter("number"))) },
            Route(
                .get, "/api/v1/chattel/jurisdictions",
                "What laws want in a notice, as a registrar put it on the ledger",
                tag: ChattelRoutes.tag, access: .signedIn
            ) { _ in .json(["items": try jurisdictions()]) },
        ]
    }

    // MARK: Shapes

    private struct Party: Decodable {
        var code: String?
        var businessName: String?
    }

    private struct Collateral: Decodable {
        var serialNumber: String?
        var description: String?
    }

    private struct FinancingStatement: Decodable {
        var type: String?
        var authorizationReceived: Bool?
        var securedParties: [Party]?
        var debtors: [Party]?
        var debtorName: Party?
        var vehicleCollateral: [Collateral]?
        var generalCollateral: [Collateral]?
        var lifeYears: Int?
        var baseRegistrationNumber: String?
        /// Beside the shape: the law that the notice stands under, and the members that it wants.
        var jurisdiction: String?
        var jurisdictionMembers: [String: String]?
    }

    private struct Query: Decodable {
        struct Criteria: Decodable {
            struct Name: Decodable { var business: String? }
            var value: String?
            var debtorName: Name?
        }
        var type: String
        var criteria: Criteria
        var endDateTime: String?
    }

    /// A party's id: its code, or the participant of that name, or the name itself for one outside.
    private func id(of party: Party) throws -> String {
        if let code = party.code, !code.isEmpty { return code }
        guard let name = party.businessName, !name.isEmpty else {
            throw Problem.badRequest("a party has a code, or a businessName; persons are not registered here")
        }
        return try platform.state.scan(MembershipContract.participants, limit: 5000)
            .first { $0.value.name == name }?.key ?? name
    }

    // MARK: Statements

    private func register(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        let statement = try request.json(FinancingStatement.self)
        guard statement.type == "SA", statement.authorizationReceived == true else {
            throw Problem.badRequest("type is SA, a security agreement, and authorizationReceived is true")
        }
        guard let years = statement.lifeYears, (1...25).contains(years), let debtors = statement.debtors,
            debtors.count == 1
        else { throw Problem.badRequest("lifeYears is 1 to 25, and there is one debtor") }
        let vehicles = (statement.vehicleCollateral ?? []).compactMap(\.serialNumber)
        let others = (statement.generalCollateral ?? []).compactMap(\.description)
        guard !(vehicles + others).isEmpty else {
            throw Problem.badRequest("name collateral: serialNumber of vehicleCollateral, description of others")
        }
        let event = try await perform(
            "registerNotice",
            [
                ("securedParties", .array(try (statement.securedParties ?? []).map { .text(try id(of: $0)) })),
                ("debtor", .text(try id(of: debtors[0]))),
                ("collateral", .array((vehicles + others).map { .text($0) })),
                ("until", .unsigned(platform.now + UInt64(years) * Self.year)),
            ] + Self.law(statement), about: "notice", event: "noticed", session)
        return .json(try financing(event), status: 201)
    }

    private static func law(_ statement: FinancingStatement) -> [(String, Value)] {
        guard let name = statement.jurisdiction else { return [] }
        let members = (statement.jurisdictionMembers ?? [:]).sorted { $0.key < $1.key }
        let pairs = Value.array(members.map { .array([.text($0.key), .text($0.value)]) })
        return [("jurisdiction", .text(name)), ("members", .bytes(pairs.encoded()))]
    }

    private func jurisdictions() throws -> [[String: Any]] {
        try platform.state.scan(Chattel.jurisdictions, limit: 1000).map { name, law in
            [
                "jurisdiction": name, "title": law.title, "version": law.version,
                "longestDays": law.longest / 86_400_000,
                "members": law.fields.map {
                    ["name": $0.name, "required": $0.isRequired, "maximumBytes": $0.maximum, "choices": $0.choices]
                        as [String: Any]
                },
            ]
        }
    }

    private func change(_ name: String, _ summary: String) -> Route {
        Route(
            .post, "/api/v1/chattel/notices/{number}/\(name)", summary, tag: ChattelRoutes.tag,
            access: Self.institutions, parameters: [.init("number", in: .path, "As N12")],
            consumes: "application/json", bodyLimit: 1 << 14, success: (201, "The statement, final on the ledger"),
            problems: [400: "bad-request", 404: "not-found", 422: "chattel"]
        ) { request in
            let session = try request.requireSession()
            let number = try request.parameter("number")
            let statement = try request.json(FinancingStatement.self)
            let notice = try notice(number)
            guard statement.baseRegistrationNumber == number, let debtor = statement.debtorName,
                Fingerprint.normal(try id(of: debtor)) == Fingerprint.normal(notice.debtor)
            else { throw Problem.badRequest("baseRegistrationNumber is \(number), and debtorName its debtor") }
            var answer: [String: Any] = [
                "baseRegistrationNumber": number, "registeringParty": party(session.participant),
                "debtorName": ["businessName": platform.name(of: notice.debtor)],
            ]
            if name == "renewals" {
                guard let years = statement.lifeYears, (1...25).contains(years) else {
                    throw Problem.badRequest("lifeYears is 1 to 25")
                }
                let until = platform.now + UInt64(years) * Self.year
                _ = try await perform(
                    "renewNotice", [("notice", .text(number)), ("until", .unsigned(until))], about: "notice:\(number)",
                    event: nil, session)
                answer["statementType"] = "RENEWAL_STATEMENT"
                answer["lifeYears"] = years
                answer["expiryDate"] = Self.time(until)
            } else {
                _ = try await perform(
                    "dischargeNotice", [("notice", .text(number))], about: "notice:\(number)", event: nil, session)
                answer["statementType"] = "DISCHARGE_STATEMENT"
            }
            return .json(answer, status: 201)
        }
    }

    /// - Returns: the subject of an event without its kind: a number; empty where none is asked for.
    private func perform(
        _ operation: String, _ arguments: [(String, Value)], about subject: String, event: String?, _ session: Session
    ) async throws -> String {
        let (_, outcome) = try await platform.perform(
            .init(Chattel.contractName, operation, arguments), as: session.signer, about: subject)
        if let refusal = Problem.rejected(outcome) { throw refusal }
        guard let event else { return "" }
        let subject = outcome.result.events.first { $0.name == event }?.subject ?? ""
        return String(subject.drop { $0 != ":" }.dropFirst())
    }

    // MARK: Search

    private func search(_ request: APIRequest) async throws -> APIResponse {
        let session = try request.requireSession()
        let query = try request.json(Query.self)
        let (field, value): (String, String?) =
            switch query.type {
            case "BUSINESS_DEBTOR":
                ("debtor", try query.criteria.debtorName?.business.map { try id(of: .init(businessName: $0)) })
            case "SERIAL_NUMBER": ("collateral", query.criteria.value)
            default:
                throw Problem.badRequest("type is BUSINESS_DEBTOR or SERIAL_NUMBER; others are not registered here")
            }
        guard let value, !Fingerprint.normal(value).isEmpty else {
            throw Problem.badRequest("criteria has debtorName.business for a debtor, value for a serial number")
        }
        var asOf = Value.null
        if let text = query.endDateTime {
            guard let date = try? Date(text, strategy: .iso8601), date.timeIntervalSince1970 > 0 else {
                throw Problem.badRequest("endDateTime is a time as 2026-11-30T12:00:00Z")
            }
            asOf = .unsigned(UInt64(date.timeIntervalSince1970 * 1000))
        }
        let number = try await perform(
            "search", [("field", .text(field)), ("value", .text(value)), ("asOf", asOf)], about: "search",
            event: "searched", session)
        return .json(try certificate(number), status: 201)
    }

    private func certificate(_ number: String) throws -> [String: Any] {
        guard let certificate = try platform.state.get(Chattel.certificates, number), certificate.field != "secured"
        else { throw Problem.notFound("search \(number)") }
        let isDebtor = certificate.field == "debtor"
        let criteria: [String: Any] =
            isDebtor
            ? ["debtorName": ["business": platform.name(of: certificate.value)]] : ["value": certificate.value]
        return [
            "searchId": number, "searchDateTime": Self.time(certificate.at), "maxResultsSize": Self.maximumHits,
            "totalResultsSize": certificate.found.count, "returnedResultsSize": certificate.found.count,
            "searchQuery": [
                "type": isDebtor ? "BUSINESS_DEBTOR" : "SERIAL_NUMBER", "criteria": criteria,
                "endDateTime": Self.time(certificate.asOf),
            ],
            "results": try certificate.found.map { found in
                let notice = try notice(found)
                return [
                    "matchType": "EXACT", "baseRegistrationNumber": found, "registrationNumber": found,
                    "registrationType": "SA", "createDateTime": Self.time(notice.events.first?.at ?? 0),
                    "debtor": party(notice.debtor),
                ] as [String: Any]
            },
            "payment": payment(number),
        ]
    }

    // MARK: As JSON

    private func notice(_ number: String) throws -> ChattelMortgageContract.Notice {
        guard let notice = try platform.state.get(Chattel.notices, number) else {
            throw Problem.notFound("notice \(number)")
        }
        return notice
    }

    private func party(_ id: String) -> [String: Any] {
        ["code": String(id.prefix(20)), "businessName": platform.name(of: id)]
    }

    /// Nothing is charged: what stands for an invoice is the number under which the ledger has it.
    private func payment(_ number: String) -> [String: Any] {
        ["invoiceId": "FREE-\(number)", "receipt": "/ledgers/\(platform.node.ledger.hex)"]
    }

    private func financing(_ number: String) throws -> [String: Any] {
        let notice = try notice(number)
        let last = notice.events.last
        let isDischarged = last?.kind == .discharged
        var shown: [String: Any] = [
            "type": "SA", "baseRegistrationNumber": number,
            "registeringParty": party(notice.securedParties.first ?? ""),
            "securedParties": notice.securedParties.map(party), "debtors": [party(notice.debtor)],
            "generalCollateral": notice.collateral.map { ["description": $0] },
            "createDateTime": Self.time(notice.events.first?.at ?? 0),
            "statusType": isDischarged ? "HDC" : notice.isInForce(at: platform.now) ? "ACT" : "HEX",
            "payment": payment(number),
        ]
        if let law = notice.law {
            shown["jurisdiction"] = law.jurisdiction
            shown["jurisdictionMembers"] = Dictionary(law.members.map { ($0.name, $0.text) }) { $1 }
        }
        if isDischarged {
            shown["dischargedDateTime"] = Self.time(last?.at ?? 0)
        } else {
            shown["expiryDate"] = Self.time(last?.until ?? 0)
        }
        return shown
    }

    private static func time(_ milliseconds: UInt64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
    }
}
