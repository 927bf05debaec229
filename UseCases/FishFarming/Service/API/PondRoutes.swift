import APIKit
import FishFarmingContract
import FishFarmingGateway
import Foundation
import UseCaseKit

/// What gateways and phones ask for.
struct PondRoutes: Sendable {
    static let tag = "fish-farming"
    private static let maximumList = 10_000

    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/fish/ponds", "Ponds of a gateway, with devices and levels", tag: Self.tag,
                parameters: [.init("gateway", in: .query, "The gateway's participant id", isRequired: true)]
            ) { request in
                guard let session = request.session else { throw Problem.signInNeeded }
                let gateway = request.query["gateway"] ?? ""
                // A gateway is told of its own ponds, and nobody else is.
                guard session.participant == gateway else { throw Problem(403, "not-yours", "ask for your own ponds") }
                return try ponds(of: gateway)
            },
            Route(
                .get, "/api/v1/fish/ponds/{pond}/now", "Oxygen, forecast and suggestion for a pond's farmer",
                tag: Self.tag, parameters: [.init("pond", in: .path, "The pond's id")],
                problems: [403: "not-yours", 404: "not-found"]
            ) { request in
                guard let session = request.session else { throw Problem.signInNeeded }
                let name = try request.parameter("pond")
                guard let pond = try platform.state.get(FishFarmingContract.ponds, name) else {
                    throw Problem.notFound("pond \(name)")
                }
                guard pond.owner == session.participant else {
                    throw Problem(403, "not-yours", "a pond's values are for its farmer; ask for consent")
                }
                let view = try PondView(name, pond, platform, session)
                var answer: [String: Any] = [
                    "pond": name, "suggestion": view.suggestion, "isAerating": view.isRunning,
                    "expected": Self.rounded(view.forecast.expected), "band": Self.rounded(view.forecast.band),
                ]
                if let oxygen = view.oxygen {
                    answer["oxygen"] = Self.rounded(oxygen.value)
                    answer["ageSeconds"] = view.age
                }
                if let choice = view.lastChoice {
                    answer["lastChoice"] = [
                        "suggestion": choice.suggestion, "choice": choice.choice,
                        "lowest": choice.lowest.map { Double($0) / 100 as Any } ?? NSNull(),
                    ]
                }
                return .json(answer)
            },
        ]
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    private func ponds(of gateway: String) throws -> APIResponse {
        let batches = try platform.state.scan(FishFarmingContract.batches, limit: Self.maximumList)
        let terms = try platform.state.scan(FishFarmingContract.ponds, limit: Self.maximumList)
            .filter { $0.value.gateway == gateway }.map { name, pond in
                let batch = batches.filter { $0.value.pond == name && $0.value.harvested == 0 }
                    .max { $0.value.stockedAt < $1.value.stockedAt }
                let levels = WaterLevels(pond, batch: batch?.value)
                return PondTerms(
                    pond: name, probe: pond.probe, aerators: pond.aerators, feeder: pond.feeder, batch: batch?.key,
                    on: Double(levels.on) / 100, off: Double(levels.off) / 100, alarm: Double(levels.alarm) / 100,
                    shortest: Double(pond.shortest) / 1000, fall: Double(levels.fall) / 100,
                    midnight: Double(pond.clock.midnight) / 1000, pace: Double(pond.clock.pace),
                    misses: try NightRoutes.misses(of: name, in: platform))
            }
        return .bytes([UInt8](try JSONEncoder().encode(["items": terms])), "application/json")
    }
}
