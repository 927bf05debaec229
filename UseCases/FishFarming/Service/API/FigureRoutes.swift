import APIKit
import FishFarmingContract
import Foundation
import UseCaseKit

/// Figures of the whole market for the service company, in counts that show no single farm.
struct FigureRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    /// Counts over fewer farms would tell what one of them did.
    static let smallestGroup = 5
    private static let limit = 1_000_000

    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/fish/figures", "Farms, fish, emergencies, loans and covers, counted over all farms",
                tag: PondRoutes.tag, access: .role(Fish.Role.service)
            ) { _ in
                .json(try figures())
            }
        ]
    }

    private func figures() throws -> [String: Any] {
        let state = platform.state
        let farms = try state.scan(Fish.farms, limit: Self.limit)
        // A figure is told when it is made of enough farms, whatever the number of records.
        func told(_ farmers: some Sequence<String>, _ value: Int) -> Any {
            Set(farmers).count >= Self.smallestGroup ? value : NSNull()
        }
        let ponds = try state.scan(Fish.ponds, limit: Self.limit)
        let owners = Dictionary(ponds.map { ($0.key, $0.value.owner) }) { $1 }
        let incidents = try state.scan(Fish.incidents, limit: Self.limit)
        let saved = incidents.filter { $0.value.hasWorked }
        func owner(_ key: String) -> String { owners[String(key.prefix { $0 != "/" })] ?? "" }
        let loans = try state.scan(Fish.loans, limit: Self.limit).filter { $0.value.stage == .live }
        let covers = try state.scan(Fish.covers, limit: Self.limit).filter { $0.value.stage == .live }
        return [
            "smallestGroup": Self.smallestGroup, "farms": told(farms.map(\.key), farms.count),
            "ponds": told(ponds.map(\.value.owner), ponds.count),
            "emergencies": told(incidents.map { owner($0.key) }, incidents.count),
            "emergenciesOvercome": told(saved.map { owner($0.key) }, saved.count),
            "loans": told(loans.map { DeskRoutes.farmer($0.key) }, loans.count),
            "covers": told(covers.map { DeskRoutes.farmer($0.key) }, covers.count),
        ]
    }
}
