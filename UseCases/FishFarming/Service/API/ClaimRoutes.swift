import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The claims desk: losses that farmers told of, what the index paid or an exclusion stopped, each with its evidence.
/// The insurer sees it, and its loss adjuster decides on it.
struct ClaimRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    static let path = "/fish/claims"
    /// Readings around a loss that its evidence shows, ms.
    private static let around: UInt64 = 86_400_000

    let platform: Platform
    private var work: FishWork { FishWork(platform: platform) }

    var routes: [Route] {
        [
            work.page(
                Self.path, "Losses and what was paid for them", access: .roles([Fish.Role.insurer, Fish.Role.auditor])
            ) { _, session in
                try platform.page(try page(session), session)
            },
            work.action(Self.path, "Pay or decline a claim", access: .role(Fish.Role.auditor)) {
                try await decide($0, $1)
            },
        ]
    }

    private typealias Cover = (key: String, value: CoverRecord)

    /// Covers of an insurer; for an adjuster those of the insurers of the same organisation.
    private func covers(_ session: Session) throws -> [Cover] {
        func member(_ id: String) throws -> String? {
            try platform.state.get(MembershipContract.participants, id)?.member
        }
        let isAdjuster = session.roles.contains(Fish.Role.auditor)
        let own = try member(session.participant)
        return try platform.state.scan(Fish.covers, limit: DeskRoutes.limit).filter {
            try $0.value.insurer == session.participant || isAdjuster && member($0.value.insurer) == own
        }
    }

    private func evidence(_ cover: Cover, at time: UInt64) throws -> Grounds {
        let pond = try platform.state.get(Fish.ponds, cover.value.pond)
        return Grounds(
            about: ["cover:\(cover.key)", "pond:\(cover.value.pond)", "batch:\(cover.value.batch)"],
            devices: pond.map { [$0.probe] + $0.aerators } ?? [], from: time - min(time, Self.around),
            to: time + Self.around)
    }

    // MARK: The page

    private func page(_ session: Session) throws -> WorkPage {
        let covers = try covers(session)
        let claims = try covers.compactMap { cover in
            try platform.state.get(Fish.claims, cover.key).map { (cover: cover, claim: $0) }
        }
        let waiting = claims.filter { $0.claim.stage == .waiting }
        let isAdjuster = session.roles.contains(Fish.Role.auditor)
        return WorkPage(
            kicker: "Claims", title: session.name,
            lead:
                "What the index decides needs no claim. What farmers tell beyond it is looked at here, with the signed "
                + "readings of the pond and what its gateway did.",
            facts: [
                Fact("Waiting", "\(waiting.count)"),
                Fact(
                    "Paid in all",
                    FishWork.money(covers.reduce(0) { $0 + $1.value.paid + $1.value.auditPaid })),
                Fact("Stopped by an exclusion", "\(covers.count { $0.value.exclusion != nil })"),
            ],
            tables: [try claimTable(claims, session), try indexTable(covers), try exclusionTable(covers)],
            forms: isAdjuster && !waiting.isEmpty ? [form(waiting.map(\.cover), session)] : [])
    }

    /// As far as readings were granted to who looks; the farmer's consent to the insurer holds for its adjuster.
    private func cause(_ cover: Cover, _ claim: LossClaim, _ session: Session) throws -> Table.Cell {
        let farmer = DeskRoutes.farmer(cover.key)
        guard let record = try platform.state.get(Fish.batches, cover.value.batch) else { return .text("") }
        let share = try platform.state.get(Fish.shares, "\(farmer)/\(cover.value.insurer)")
        let classes = share.map { $0.isLive(at: platform.now) ? Set($0.classes) : [] } ?? []
        return LossLook.mark(
            try LossLook(platform: platform, session: session).finding(
                LossLook.Loss(batch: cover.value.batch, record: record, time: claim.claimedAt), classes: classes))
    }

    private func claimTable(
        _ claims: [(cover: Cover, claim: LossClaim)], _ session: Session
    ) throws -> Table {
        Table(
            caption: "Told by farmers",
            columns: [
                .init("Cover"), .init("Farm"), .init("Told"), .init("Dead fish", isNumeric: true), .init("Words"),
                .init("State"), .init("Reason"), .init("Cause by the data"), .init("Evidence"),
            ],
            rows: try claims.sorted { $0.claim.claimedAt > $1.claim.claimedAt }.map { cover, claim in
                [
                    .text(DeskRoutes.name(cover.key)), .text(platform.name(of: DeskRoutes.farmer(cover.key))),
                    .time(FishWork.moment(claim.claimedAt)), .text("\(claim.dead)"), .text(claim.words),
                    Self.state(claim), .text(claim.reason ?? ""),
                    try cause(cover, claim, session),
                    .link("Evidence", href: try evidence(cover, at: claim.claimedAt).href),
                ]
            }, empty: .init("No claim. Farmers tell of a loss on the page of their cover."))
    }

    static func state(_ claim: LossClaim) -> Table.Cell {
        switch claim.stage {
        case .waiting: .mark("Waiting", .neutral)
        case .paid: .mark("Paid \(FishWork.money(claim.amount))", .good)
        case .declined: .mark("Declined", .bad)
        }
    }

    private func indexTable(_ covers: [Cover]) throws -> Table {
        Table(
            caption: "Decided by the index",
            columns: [
                .init("Cover"), .init("Farm"), .init("Paid", isNumeric: true), .init("Exclusion"), .init("Evidence"),
            ],
            rows: try covers.filter { $0.value.paid > 0 || $0.value.exclusion != nil }.map { cover in
                [
                    .text(DeskRoutes.name(cover.key)), .text(platform.name(of: DeskRoutes.farmer(cover.key))),
                    .text(FishWork.money(cover.value.paid)),
                    .text(
                        (cover.value.exclusion ?? "")
                            + (cover.value.exclusion != nil && cover.value.isOverruled ? "; revised by a person" : "")),
                    .link("Evidence", href: try evidence(cover, at: platform.now).href),
                ]
            }, empty: .init("The index has decided nothing yet. It needs 60 minutes below 2.0 mg/L."))
    }

    private func exclusionTable(_ covers: [Cover]) throws -> Table {
        let keys = Set(covers.map(\.value.model)).sorted()
        let stated = try keys.flatMap { key in
            try (platform.state.get(Fish.models, key)?.exclusions ?? []).map { (key: key, words: $0.words) }
        }
        return Table(
            caption: "What covers exclude", columns: [.init("Model"), .init("Pays")],
            rows: stated.map { [.code($0.key, href: nil), .text($0.words)] },
            empty: .init("No exclusion. A model states them before anybody binds a cover."))
    }

    private func form(_ waiting: [Cover], _ session: Session) -> Form {
        Form(
            id: "decide", title: "Decide on a claim", action: Self.path,
            fields: [
                .init(
                    "cover", label: "Claim",
                    kind: .choice(
                        waiting.map {
                            .init($0.key, "\(DeskRoutes.name($0.key)), \(platform.name(of: DeskRoutes.farmer($0.key)))")
                        })),
                .init("verdict", label: "Decision", kind: .choice([.init("pay", "pay"), .init("decline", "decline")])),
                .init("amount", label: "Pay", kind: .number(unit: "XPT", step: "0.01"), isRequired: false),
                .init("reason", label: "Finding", kind: .text(maximumLength: 300), hint: "The farmer reads it."),
            ], submit: "Sign the decision", csrfToken: session.formToken)
    }

    private func decide(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let key = try input.text("cover")
        let reason = try input.text("reason")
        guard try covers(session).contains(where: { $0.key == key }) else { throw Problem.notFound("cover \(key)") }
        let operation: (String, FishWork.Arguments)
        if try input.text("verdict") == "pay" {
            // The report that the hash commits to is the finding itself, as the farmer reads it.
            operation = (
                "payAudit",
                [
                    ("cover", .text(key)), ("amount", .unsigned(try input.scaled("amount", by: 100))),
                    ("finding", .text(reason)), ("report", .hash(Hash32.sha256(Bytes(reason.utf8)))),
                ]
            )
        } else {
            operation = ("declineClaim", [("cover", .text(key)), ("reason", .text(reason))])
        }
        return try await work.submit(
            [("fish", operation.0, operation.1, "cover:\(key)")], as: session, title: "Decided", back: Self.path)
    }
}
