import APIKit
import ContractKit
import FishFarmingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// What threatens a farm from outside: diseases in its water, told under pseudonyms, and prices that fall; and the vet who
/// tells of the one.
struct WarningRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    static let path = "/fish/vet"
    private static let limit = 1000
    /// Warnings of diseases are shown for so long, ms.
    private static let shownFor: UInt64 = 30 * 86_400_000

    let platform: Platform
    private var work: FishWork { FishWork(platform: platform) }

    var routes: [Route] {
        [
            work.page(Self.path, "What a vet found", access: .role(Fish.Role.vet)) { _, session in
                try platform.page(page(session), session)
            },
            work.action(Self.path, "Tell of a disease", access: .role(Fish.Role.vet)) { try await tell($0, $1) },
            work.action("/fish/water", "Be told of diseases in a water", access: .role(Fish.Role.farmer)) {
                input, session in
                let water = try input.text("water")
                return try await work.submit(
                    [("fish", "joinWater", [("water", .text(water))], "water:\(water)")], as: session,
                    title: "You are told of diseases in this water", back: "/fish")
            },
            Route(
                .get, "/api/v1/fish/warnings", "Diseases in the farmer's water, and prices that fell",
                tag: PondRoutes.tag, access: .role(Fish.Role.farmer)
            ) { request in
                let session = try request.requireSession()
                let diseases = try diseases(for: session.participant).map { key, warning in
                    ["pseudonym": Self.pseudonym(key), "disease": warning.disease, "at": warning.at] as [String: Any]
                }
                let prices = try falls(for: session.participant).map {
                    ["species": $0.species, "before": $0.before, "now": $0.now] as [String: Any]
                }
                return .json(["diseases": diseases, "prices": prices])
            },
        ]
    }

    private static func pseudonym(_ key: String) -> String { String(key.drop { $0 != "/" }.dropFirst()) }

    // MARK: What a farmer is warned of

    private func diseases(for farmer: String) throws -> [(key: String, warning: WaterWarning)] {
        guard let water = try platform.state.get(Fish.waters, farmer) else { return [] }
        return try platform.state.scan(Fish.warnings, prefix: "\(water)/", limit: Self.limit)
            .filter { $0.value.at + Self.shownFor > platform.now }.map { ($0.key, $0.value) }
            .sorted { $0.1.at > $1.1.at }
    }

    /// Species of a farm whose price fell by more than a farmer should have to notice alone.
    private func falls(for farmer: String) throws -> [(species: String, before: UInt64, now: UInt64)] {
        let species = try platform.state.scan(Fish.batches, limit: Self.limit)
            .filter { $0.value.owner == farmer && $0.value.harvested == 0 }.map(\.value.species)
        return try Set(species).sorted().compactMap { name in
            let prices = try Fish.prices(of: name, in: platform.state)
            guard let last = prices.last,
                let highest = prices.filter({ $0.day + PriceRecord.span >= last.day }).map(\.price).max(),
                (highest - last.price) * 1000 >= highest * PriceRecord.warning
            else { return nil }
            return (name, highest, last.price)
        }
    }

    func rows(_ session: Session) throws -> [[Table.Cell]] {
        try diseases(for: session.participant).map { key, warning in
            [
                .time(FishWork.moment(warning.at)), .mark("\(warning.disease) in your water", .bad),
                .text("farm \(Self.pseudonym(key))"),
                .text("Do not move fish, nets or water; look at your fish and call a vet."),
            ]
        }
            + falls(for: session.participant).map { fall in
                [
                    .text("now"), .mark("the price of \(fall.species) fell", .bad),
                    .text("\(FishWork.money(fall.before)) to \(FishWork.money(fall.now)) a kilogram"),
                    .text("Look at what a later harvest costs in feed before you sell."),
                ]
            }
    }

    func form(_ session: Session) throws -> Form {
        let water = try platform.state.get(Fish.waters, session.participant)
        return Form(
            id: "water", title: "Be told of diseases in your water", action: "/fish/water",
            fields: [
                .init(
                    "water", label: "River, lake or canal", kind: .text(maximumLength: 60),
                    hint: "Others on it are told of a disease too, never of whose fish have it.", value: water ?? "")
            ], submit: "Record", csrfToken: session.formToken)
    }

    // MARK: The vet

    private func page(_ session: Session) -> WorkPage {
        WorkPage(
            kicker: "Veterinary practice", title: session.name,
            lead:
                "What you find in a batch is for its farmer, and for whom the farmer shows it. Farms on the same water are "
                + "told of the disease under a pseudonym that is made up for this warning alone.",
            forms: [
                Form(
                    id: "disease", title: "A disease", action: Self.path,
                    fields: [
                        .init("batch", label: "Batch", kind: .text(maximumLength: 60)),
                        .init("disease", label: "Disease", kind: .text(maximumLength: 60)),
                        .init(
                            "confirmed", label: "By",
                            kind: .choice([.init("no", "my suspicion"), .init("yes", "a laboratory")])),
                        .init(
                            "water", label: "Warn the farms on this water", kind: .text(maximumLength: 60),
                            isRequired: false),
                    ], submit: "Record", csrfToken: session.formToken)
            ])
    }

    private func tell(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (batch, disease) = (try input.text("batch"), try input.text("disease"))
        var operations: [(contract: String, name: String, arguments: FishWork.Arguments, subject: String)] = [
            (
                "fish", "recordDisease",
                [
                    ("batch", .text(batch)), ("disease", .text(disease)),
                    ("isConfirmed", .bool(try input.text("confirmed") == "yes")),
                ], "batch:\(batch)"
            )
        ]
        if let water = input["water"], !water.isEmpty {
            operations.append(
                (
                    "fish", "warnWater",
                    [
                        ("water", .text(water)), ("pseudonym", .text(FishWork.identifier(""))),
                        ("disease", .text(disease)),
                    ], "water:\(water)"
                ))
        }
        return try await work.submit(operations, as: session, title: "Recorded", back: Self.path)
    }
}
