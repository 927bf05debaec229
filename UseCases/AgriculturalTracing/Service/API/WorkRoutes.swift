import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import Replica
import UseCaseKit

/// The pages of those who work: farmer, laboratory, carrier, shop. A form becomes a statement that this node signs for the signed-in participant.
struct WorkRoutes: Sendable {
    let platform: Platform

    var routes: [Route] { farmRoutes + laboratoryRoutes + carrierRoutes + shopRoutes }

    typealias Agri = TracingContract
    typealias Arguments = [(String, Value)]

    var ledger: String { platform.node.ledger.hex }

    func page(
        _ path: String, _ summary: String, role: String,
        _ make: @escaping @Sendable (APIRequest, Session) throws -> APIResponse
    ) -> Route {
        Route(.get, path, summary, tag: "agricultural-tracing", access: .role(role), produces: "text/html") { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            return try make(request, session)
        }
    }

    func action(
        _ path: String, _ summary: String, role: String,
        _ act: @escaping @Sendable (FormInput, Session) async throws -> APIResponse
    ) -> Route {
        platform.form(path, summary, tag: "agricultural-tracing", access: .role(role), act)
    }

    /// Signs and submits, and shows how far the record has come.
    func submit(
        _ operations: [(name: String, arguments: Arguments, subject: String)], as session: Session, title: String,
        back: Site.Link
    ) async throws -> APIResponse {
        try await platform.submit(
            operations.map { .init(.init(Agri.contractName, $0.name, $0.arguments), about: $0.subject) }, as: session,
            title: title, back: back)
    }

    /// What the participant sent lately.
    func sent(by session: Session) throws -> [SentRecord] {
        try platform.index.latest(contract: Agri.contractName, issuer: session.participant, limit: 10).map {
            SentRecord(
                title: try title(of: $0), time: Moment(milliseconds: Int64($0.time)),
                mark: $0.rejection == nil ? .final : .rejected,
                href: ExplorerPaths.transaction($0.id.hex, ledger: ledger))
        }
    }

    private func title(of record: IndexedRecord) throws -> String {
        let step = StepWords.step(record, try platform.statement(of: record), platform)
        let about =
            (try? ProductCode(path: record.subject)).map { "box \($0.lot) · \($0.serial)" }
            ?? record.subject.replacing(":", with: " ")
        return "\(step?.title ?? record.operation), \(about)"
    }

    func product(ofLot name: String) throws -> String {
        let lot = try platform.state.get(Agri.harvestLots, name)
        if let product = lot?.product { return product }
        return try (lot?.plot).flatMap { plot throws(ContractError) in try platform.state.get(Agri.plots, plot) }?.crop
            ?? name
    }

    /// Live boxes, by lot and filter; pages list at most this many.
    func boxes(where isWanted: (Box) -> Bool) throws -> [(code: String, box: Box)] {
        try platform.state.scan(Agri.boxes, limit: 5000).filter { isWanted($0.value) }.map { ($0.key, $0.value) }
    }

    static func today() -> Day { Day(daysSinceEpoch: Int64(Date().timeIntervalSince1970 / 86_400)) }
}
