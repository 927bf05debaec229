import APIKit
import ContractKit
import FishFarmingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// What the pages of farmers and institutions share: forms become statements that this node signs for who is signed in.
struct FishWork: Sendable {
    typealias Fish = FishFarmingContract
    typealias Arguments = [(String, CBOR)]

    let platform: Platform

    func page(
        _ path: String, _ summary: String, access: Route.Access,
        _ make: @escaping @Sendable (APIRequest, Session) throws -> APIResponse
    ) -> Route {
        Route(.get, path, summary, tag: PondRoutes.tag, access: access, produces: "text/html") { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            return try make(request, session)
        }
    }

    func action(
        _ path: String, _ summary: String, access: Route.Access,
        _ act: @escaping @Sendable (FormInput, Session) async throws -> APIResponse
    ) -> Route {
        platform.form(path, summary, tag: PondRoutes.tag, access: access, act)
    }

    /// Signs, submits and shows what became of it; the first refusal ends the row.
    func submit(
        _ operations: [(contract: String, name: String, arguments: Arguments, subject: String)], as session: Session,
        title: String, back: String
    ) async throws -> APIResponse {
        try await platform.submit(
            operations.map { .init(.init($0.contract, $0.name, $0.arguments), about: $0.subject) }, as: session,
            title: title, refused: "Not done", back: Site.Link(title: "Back", href: back))
    }

    static func identifier(_ prefix: String) -> String {
        prefix + String(UInt64.random(in: 0 ... .max), radix: 36)
    }

    /// Minor units for people.
    static func money(_ minor: UInt64) -> String {
        let whole = String(minor / 100)
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped += "," }
            grouped.append(digit)
        }
        return "\(grouped).\(minor % 100 < 10 ? "0" : "")\(minor % 100) XPT"
    }

    static func moment(_ milliseconds: UInt64) -> Moment { Moment(milliseconds: Int64(clamping: milliseconds)) }

    /// A stage of a loan or cover in words, and whether it is good news.
    static func stage(_ word: String) -> Table.Cell {
        switch word {
        case "asked": .mark("Waiting for an answer", .neutral)
        case "offered", "quoted": .mark("Offer waits for you", .neutral)
        case "refused": .mark("Not granted", .bad)
        case "excluded": .mark("Stopped by an exclusion", .bad)
        case "live": .mark("In force", .good)
        case "repaid": .mark("Repaid", .good)
        case "paid": .mark("Paid out", .good)
        case "lapsed": .mark("Offer lapsed", .neutral)
        default: .mark("Ended", .neutral)
        }
    }
}
