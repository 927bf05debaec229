import APIKit
import ContractKit
import Foundation
import Ledger
import PersonalData
import PortalKit
import UseCaseKit

/// What is held about the person signed in: to see, change, take along and erase. Nobody sees another's, and an
/// administrator a number alone.
struct PersonalRoutes: Sendable {
    private static let tag = "personal"

    let desk: PersonalDesk

    var pages: [Route] {
        [
            Route(.get, PersonalPage.path, "Personal data about me", tag: Self.tag, produces: "text/html") { request in
                let session = try Self.person(request)
                return try desk.platform.page(try page(session), session)
            },
            action(PersonalPage.path, "Keep contact data") { request, session in
                var fields: [PersonalField: String] = [:]
                for field in PersonalField.allCases {
                    let value = (request.form[field.rawValue] ?? "").trimmingCharacters(in: .whitespaces)
                    if !value.isEmpty { fields[field] = value }
                }
                try await desk.keep(fields, request.form["class"] ?? "", for: session)
            },
            action(PersonalPage.erasePath, "Erase contact data for good") { request, session in
                guard request.form["confirm"] == PersonalPage.confirmation else {
                    throw Problem.badRequest("write \(PersonalPage.confirmation) to confirm; nothing was erased")
                }
                guard let reason = request.form["reason"].flatMap(PersonalRecord.Reason.init), reason != .replaced
                else { throw Problem.badRequest("choose a reason") }
                try await desk.erase(request.form["id"] ?? "", reason, for: session)
            },
        ]
    }

    var api: [Route] {
        [
            Route(
                .get, "/api/v1/personal/export", "All that is held about me, with the ledger's records of it",
                tag: Self.tag, problems: [403: "person-needed"]
            ) { request in
                .json(try export(try Self.person(request)))
            }
        ]
    }

    private func action(
        _ path: String, _ summary: String, _ act: @escaping @Sendable (APIRequest, Session) async throws -> Void
    ) -> Route {
        Route(.post, path, summary, tag: Self.tag, consumes: Route.formContentType, produces: "text/html") { request in
            do {
                try await act(request, try Self.person(request))
            } catch let error as PersonalDataError where error.code != .storage {
                throw Problem(400, error.code.rawValue, error.message)
            }
            return .redirect(to: PersonalPage.path)
        }
    }

    /// The session of a person; a program's key opens nothing here.
    private static func person(_ request: APIRequest) throws -> Session {
        let session = try request.requireSession()
        guard session.scopes == nil else {
            throw Problem(403, "person-needed", "personal data is for the person alone, not for a program's key")
        }
        return session
    }

    // MARK: Page

    private func page(_ session: Session) throws -> PersonalPage {
        let platform = desk.platform
        let entries = try desk.vault.entries(of: session.signer)
        let isAdministrator =
            session.signer == session.participant || session.roles.contains(MembershipContract.administrator)
        return PersonalPage(
            ledgerID: platform.node.ledger.hex, organisation: platform.name(of: session.participant),
            organisationCount: isAdministrator ? try desk.vault.count(holder: session.participant) : nil,
            records: try entries.compactMap { entry in
                guard let content = entry.content else { return nil }
                return .init(
                    id: entry.id, title: title(entry), holder: platform.name(of: entry.holder),
                    fields: PersonalField.allCases.compactMap { field in
                        content.fields[field].map { .init(name: field.rawValue.capitalized, value: $0) }
                    },
                    until: Moment(milliseconds: Int64(entry.retainUntil)), isDue: entry.retainUntil <= platform.now,
                    transaction: try desk.record(entry)?.transaction.hex)
            },
            erased: try entries.filter { $0.content == nil }.map { entry in
                let erasure = try desk.record(entry)?.erasure
                return .init(
                    title: title(entry), reason: (erasure?.reason ?? entry.reason)?.rawValue ?? "",
                    time: erasure.map { Moment(milliseconds: Int64($0.time)) }, transaction: erasure?.transaction.hex)
            },
            rules: desk.table.rules.map {
                .init(dataClass: $0.class, title: $0.title, days: $0.days, why: $0.why, law: $0.law)
            }, csrfToken: session.formToken)
    }

    private func title(_ entry: PersonalVault.Entry) -> String {
        (try? desk.table.rule(entry.dataClass))?.title ?? entry.dataClass
    }

    // MARK: Export

    private func export(_ session: Session) throws -> [String: Any] {
        let entries = try desk.vault.entries(of: session.signer)
        var pseudonyms: [String: String] = [:]
        for entry in entries where entry.content != nil {
            pseudonyms[entry.purpose] = try desk.vault.pseudonym(of: session.signer, for: entry.purpose).hex
        }
        return [
            "person": session.signer, "ledger": desk.platform.node.ledger.hex, "pseudonyms": pseudonyms,
            "records": try entries.map(told),
        ]
    }

    private func told(_ entry: PersonalVault.Entry) throws -> [String: Any] {
        var told: [String: Any] = [
            "id": entry.id, "holder": entry.holder, "class": entry.dataClass, "purpose": entry.purpose,
            "since": LedgerAPI.time(entry.since), "retainUntil": LedgerAPI.time(entry.retainUntil),
            "isErased": entry.content == nil,
        ]
        if let content = entry.content {
            var fields: [String: String] = [:]
            for (field, value) in content.fields { fields[field.rawValue] = value }
            told["fields"] = fields
            told["salt"] = content.salt.hex
        }
        if let record = try desk.record(entry) {
            told["commitment"] = record.commitment.hex
            told["committedBy"] = Self.evidence(record.transaction)
            if let erasure = record.erasure {
                var receipt = Self.evidence(erasure.transaction)
                receipt["reason"] = erasure.reason.rawValue
                receipt["time"] = LedgerAPI.time(erasure.time)
                told["erasure"] = receipt
            }
        }
        return told
    }

    private static func evidence(_ transaction: Hash32) -> [String: String] {
        ["transaction": transaction.hex, "evidence": "/api/v1/transactions/\(transaction.hex)/evidence"]
    }
}
