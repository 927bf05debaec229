import APIKit
import ContractKit
import FishFarmingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// An extension worker explains the terms to farmers who do not read them easily; who explained what is recorded, and the
/// farmer signs with a key of their own.
struct OnboardingRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    private static let limit = 5000

    let platform: Platform

    var routes: [Route] {
        let work = FishWork(platform: platform)
        let access = Route.Access.role(Fish.Role.extensionWorker)
        return [
            work.page("/fish/onboarding", "Farmers who begin, and who helped them", access: access) { _, session in
                try platform.page(try page(session), session)
            },
            work.action("/fish/assist", "Record that the terms were explained", access: access) { input, session in
                let (farmer, provider) = (try input.text("farmer"), try input.text("provider"))
                guard let text = try text(of: provider)?.text else { throw Problem.notFound("terms of \(provider)") }
                return try await work.submit(
                    [
                        (
                            "fish", "assist",
                            [
                                ("farmer", .text(farmer)), ("provider", .text(provider)), ("hash", .hash(text.hash)),
                                ("language", .text(try input.text("language"))),
                            ], farmer
                        )
                    ], as: session, title: "Recorded; the farmer signs with a key of their own",
                    back: "/fish/onboarding")
            },
        ]
    }

    private func text(of provider: String) throws -> (version: String, text: TermsText)? {
        let terms = "\(provider)/\(Fish.serviceTerms)"
        guard let version = try platform.state.get(TermsContract.latest, terms),
            let text = try platform.state.get(TermsContract.texts, "\(terms)/\(version)")
        else { return nil }
        return (version, text)
    }

    private func page(_ session: Session) throws -> WorkPage {
        let people = try platform.state.scan(MembershipContract.participants, limit: Self.limit)
        let farmers = people.filter { $0.value.roles.contains(Fish.Role.farmer) && $0.value.revokedAt == nil }
        let providers = people.filter { $0.value.roles.contains(Fish.Role.service) }.map(\.key)
        let open = try farmers.filter { try platform.state.get(Fish.farms, $0.key) == nil }
        let texts = try providers.compactMap { id in
            try text(of: id).map { (id: id, version: $0.version, text: $0.text) }
        }
        let form = Form(
            id: "assist", title: "I explained the terms", action: "/fish/assist",
            fields: [
                .init("farmer", label: "To", kind: .choice(open.map { .init($0.key, $0.value.name) })),
                .init(
                    "provider", label: "Of", kind: .choice(texts.map { .init($0.id, platform.name(of: $0.id)) })),
                .init(
                    "language", label: "In",
                    kind: .choice(
                        ["English", "French", "Portuguese", "Spanish", "Swahili", "Hausa", "Bengali", "Vietnamese"].map
                        {
                            .init($0, $0)
                        }), hint: "Your name is recorded with it. The farmer signs, not you."),
            ], submit: "Record", csrfToken: session.formToken)
        return WorkPage(
            kicker: "Extension service", title: session.name,
            lead: "Read the terms aloud with the farmer, answer questions, and record that you did.",
            tables: [
                Table(
                    caption: "Terms to explain", columns: [.init("Of"), .init("Text"), .init("Version")],
                    rows: texts.map {
                        [
                            .text(platform.name(of: $0.id)),
                            .link(
                                $0.text.title,
                                href: TermsPage.path(issuer: $0.id, name: Fish.serviceTerms, version: $0.version)),
                            .text($0.version),
                        ]
                    }, empty: .init("No service company has published terms yet.")),
                Table(
                    caption: "Farmers", columns: [.init("Farmer"), .init("Helped by"), .init("Contract")],
                    rows: try farmers.map { id, person in
                        let help = try platform.state.get(Fish.assistance, id)
                        let farm = try platform.state.get(Fish.farms, id)
                        return [
                            .text(person.name),
                            .text(help.map { "\(platform.name(of: $0.worker)), in \($0.language)" } ?? ""),
                            farm == nil ? .mark("not signed", .neutral) : .mark("signed", .good),
                        ]
                    }, empty: .init("No farmer is registered yet. The registration office invites them.")),
            ], forms: open.isEmpty || texts.isEmpty ? [] : [form])
    }
}
