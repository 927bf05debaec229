import APIKit
import ContractKit
import FishFarmingContract
import Foundation
import PortalKit
import UseCaseKit

/// Alarms for those who are to look after them: the farmer, and a neighbour when the farmer did not answer.
struct AlarmRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    private static let limit = 10_000
    /// A page shows this many alarms that nobody looks after yet.
    private static let shown = 3

    let platform: Platform

    var routes: [Route] {
        let work = FishWork(platform: platform)
        let access = Route.Access.role(Fish.Role.farmer)
        return [
            Route(
                .get, "/api/v1/fish/alarms", "Alarms for whoever is signed in, latest first", tag: PondRoutes.tag,
                access: access
            ) { request in
                let session = try request.requireSession()
                return .json(["items": try alarms(for: session.participant).map { Self.shown($0.key, $0.alarm) }])
            },
            work.action("/fish/neighbour", "Name who is told of alarms that nobody answers", access: access) {
                input, session in
                try await work.submit(
                    [
                        (
                            "fish", "nameNeighbour", [("participant", .text(try input.text("neighbour")))],
                            session.participant
                        )
                    ], as: session, title: "Recorded", back: "/fish")
            },
            work.action("/fish/acknowledge", "Look after an alarm", access: access) { input, session in
                let pond = try input.text("pond")
                return try await work.submit(
                    [
                        (
                            "fish", "acknowledge", [("pond", .text(pond)), ("alarm", .text(try input.text("alarm")))],
                            "pond:\(pond)"
                        )
                    ], as: session, title: "Recorded: you look after it", back: "/fish")
            },
        ]
    }

    private func alarms(for participant: String) throws -> [(key: String, alarm: AlarmRecord)] {
        let own = Set(
            try platform.state.scan(Fish.ponds, limit: Self.limit).filter { $0.value.owner == participant }.map(\.key))
        return try platform.state.scan(Fish.alarms, limit: Self.limit).filter { key, alarm in
            own.contains(String(key.prefix { $0 != "/" })) || alarm.escalatedTo == participant
        }.map { (key: $0.key, alarm: $0.value) }.sorted { $0.alarm.raisedAt > $1.alarm.raisedAt }
    }

    private static func shown(_ key: String, _ alarm: AlarmRecord) -> [String: Any] {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        return [
            "pond": parts.first ?? "", "alarm": parts.last ?? "", "words": alarm.words, "raisedAt": alarm.raisedAt,
            "acknowledgedBy": alarm.acknowledgedBy ?? NSNull(), "escalatedTo": alarm.escalatedTo ?? NSNull(),
            "escalatedAt": alarm.escalatedAt ?? NSNull(),
        ]
    }

    /// Who is told of alarms that nobody answers.
    func forms(_ session: Session) throws -> [Form] {
        let others = try platform.state.scan(MembershipContract.participants, limit: 1000)
            .filter { $0.value.roles.contains(Fish.Role.farmer) && $0.key != session.participant }
            .map { Form.Choice($0.key, $0.value.name) }
        let minutes = NeighbourRecord.patience / 60_000
        let neighbour = Form(
            id: "neighbour", title: "If I sleep", action: "/fish/neighbour",
            fields: [
                .init(
                    "neighbour", label: "Wake", kind: .choice(others),
                    hint: "Is told of an alarm that you do not answer within \(minutes) minutes.")
            ], submit: "Record", csrfToken: session.formToken)
        return others.isEmpty ? [] : [neighbour]
    }

    /// One button for each alarm that nobody looks after.
    func buttons(_ session: Session) throws -> [Form] {
        try alarms(for: session.participant).filter { $0.alarm.acknowledgedBy == nil }.prefix(Self.shown).map {
            let parts = $0.key.split(separator: "/", maxSplits: 1).map(String.init)
            let pond = parts.first ?? ""
            return Form(
                id: "alarm-\(parts.last ?? "")", title: "ALARM in \(pond): \($0.alarm.words)",
                action: "/fish/acknowledge", fields: [],
                fixed: [.init("pond", pond), .init("alarm", parts.last ?? "")], submit: "I look after it",
                csrfToken: session.formToken)
        }
    }
}
