import APIKit
import FishFarmingContract
import Foundation
import PortalKit
import UseCaseKit

/// Risks for the farmer whose they are and for the company that found them.
struct RiskRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    private static let limit = 10_000
    /// A page shows this many pieces of advice that are not followed yet.
    private static let shown = 3

    let platform: Platform

    var routes: [Route] {
        let work = FishWork(platform: platform)
        return [
            Route(
                .get, "/api/v1/fish/risks", "Risks of the farmer, or of the farms that the company serves",
                tag: PondRoutes.tag, access: .roles([Fish.Role.farmer, Fish.Role.service])
            ) { request in
                let session = try request.requireSession()
                return .json(["items": try risks(for: session.participant).map { Self.shown($0.key, $0.risk) }])
            },
            work.action("/fish/risk", "Advice was followed", access: .role(Fish.Role.farmer)) { input, session in
                try await work.submit(
                    [("fish", "riskDone", [("id", .text(try input.text("id")))], session.participant)], as: session,
                    title: "Recorded; what it changed is measured from now on", back: "/fish")
            },
        ]
    }

    private func risks(for participant: String) throws -> [(key: String, risk: RiskRecord)] {
        try platform.state.scan(Fish.risks, limit: Self.limit).filter { key, _ in
            let farmer = DeskRoutes.farmer(key)
            return try farmer == participant || platform.state.get(Fish.farms, farmer)?.provider == participant
        }.map { (key: $0.key, risk: $0.value) }.sorted { $0.risk.openedAt > $1.risk.openedAt }
    }

    private static func shown(_ key: String, _ risk: RiskRecord) -> [String: Any] {
        [
            "risk": key, "finding": risk.finding, "advice": risk.advice, "openedAt": risk.openedAt,
            "state": risk.measuredAt != nil ? "measured" : risk.doneAt != nil ? "done" : "open",
            "lowBefore": risk.before ?? NSNull(), "lowAfter": risk.after ?? NSNull(),
        ]
    }

    /// Advice that is not followed yet, with a button each.
    func forms(_ session: Session) throws -> [Form] {
        try risks(for: session.participant).filter { $0.risk.doneAt == nil }.prefix(Self.shown).map { key, risk in
            let id = String(key.dropFirst(session.participant.count + 1))
            return Form(
                id: "risk-\(id)", title: "\(risk.finding) \(risk.advice)", action: "/fish/risk", fields: [],
                fixed: [.init("id", id)], submit: "I did it", csrfToken: session.formToken)
        }
    }
}
