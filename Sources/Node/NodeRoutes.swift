import APIKit
import Foundation
import PortalKit
import UseCaseKit

/// The whole route table of a node: interfaces, pages, sign-in, and the description of it all.
public enum NodeRoutes {
    /// Tags of the routes by which one reads what others did.
    private static let wholeLedger: Set<String> = [
        "ledgers", "transactions", "evidence", "state", "events", "explorer", "scitt",
    ]

    /// - Parameter readers: roles that may read the whole ledger; nil for whoever takes part.
    static func all(
        readers: Set<String>?, api: [Route], pages: [Route], platform: Platform, access: AccessDesk,
        useCases: [any UseCase],
        devices: DevicePages, personal: PersonalRoutes
    ) -> (routes: [Route], openAPI: [UInt8]) {
        @Sendable func limit(_ route: Route) -> Route {
            guard let readers, wholeLedger.contains(route.tag) else { return route }
            return route.restricted(to: readers)
        }
        let deviceRoutes = DeviceRoutes(platform: platform, profiles: devices.profiles)
        let evidence = EvidenceRoutes(platform: platform, useCases: useCases)
        let described =
            api + deviceRoutes.api + [devices.certificates.route] + evidence.api + access.signIn.api
            + [demo(platform, useCases)]
        // What a program may be allowed: the interfaces that are not for everybody.
        let scopes = Set(described.filter { !$0.isPage && $0.access != .anyone }.map(\.scope)).sorted()
        let account = AccountRoutes(
            platform: platform, signIn: access.signIn, apiKeys: access.apiKeys, scopes: scopes)
        let organisation = OrganisationRoutes(platform: platform, invitations: access.invitations)
        let wallet = WalletRoutes(platform: platform)
        let sequence = SequenceRoutes(platform: platform, useCases: useCases)
        let terms = TermsRoutes(platform: platform)
        let enrolment = EnrolmentRoutes(platform: platform, invitations: access.invitations)
        let own = (described + account.api + organisation.api + wallet.api + sequence.api + personal.api + terms.api)
            .map(limit)
        let document = OpenAPI.document(for: own, title: "Cairn", version: OperationsRoutes.version)
        let routes =
            own + pages.map(limit) + devices.pages + access.signIn.pages + account.pages + organisation.pages
            + enrolment.pages + wallet.pages
            + sequence.pages.map(limit) + evidence.pages + personal.pages + terms.pages
            + [
                Route(
                    .get, "/openapi.json", "This description", tag: "operations", access: .anyone
                ) { _ in .bytes(document, "application/json") },
                Route(
                    .get, "/docs", "The interface, for people", tag: "operations", access: .anyone,
                    produces: "text/html"
                ) { request in
                    try platform.page(reference(own), request.session)
                },
            ]
        return (routes, document)
    }

    private static func reference(_ routes: [Route]) -> ReferencePage {
        ReferencePage(
            lines: routes.filter { !$0.isPage }.map { route in
                let access =
                    switch route.access {
                    case .anyone: "anyone"
                    case .signedIn: "signed in"
                    case .role(let role): role
                    case .roles(let roles): roles.sorted().joined(separator: ", ")
                    }
                return .init(
                    group: route.tag, method: route.method.rawValue.uppercased(), path: route.path,
                    summary: route.summary,
                    access: access)
            })
    }

    private static func demo(_ platform: Platform, _ useCases: [any UseCase]) -> Route {
        Route(.get, "/api/v1/demo", "Addresses of pages that show something", tag: "operations", access: .anyone) { _ in
            var examples: [String: [String: String]] = [:]
            for useCase in useCases { examples.merge(try useCase.examples(on: platform)) { $1 } }
            return .json(examples)
        }
    }
}
