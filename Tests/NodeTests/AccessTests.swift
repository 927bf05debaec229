import APIKit
import AsyncHTTPClient
import Foundation
import Ledger
import Logging
import Node
import NodeClient
import Testing

/// Every route as everybody: the route table says who may call, and the running server is held to it.
struct AccessTests {
    /// What answers without signing in. A route that is not here needs a session.
    static let publicRoutes: Set<String> = [
        "GET /", "GET /verify", "GET /assets/{name}", "GET /docs", "GET /openapi.json", "GET /api/v1/demo",
        "GET /sign-in", "GET /sign-in/{token}", "GET /join/{token}", "POST /api/v1/invitations/{token}",
        "POST /api/v1/sign-in/challenges", "POST /api/v1/sign-in/key", "POST /api/v1/sign-in/passkey",
        "POST /api/v1/sign-in/passkey/options",
        // Signed statements say themselves who sends them; how far one has come is for whoever knows its id.
        "POST /api/v1/transactions", "POST /entries", "POST /api/v1/keys", "GET /api/v1/transactions/{id}",
        // A delivered key is the one whose commitment is on the ledger, or it is refused.
        "POST /api/v1/epoch-keys",
        // What shows that the log only grew, without what is in it.
        "GET /api/v1/ledgers", "GET /api/v1/ledgers/{ledger}/members", "GET /api/v1/ledgers/{ledger}/members/changes",
        "GET /api/v1/ledgers/{ledger}/resolutions",
        "GET /api/v1/ledgers/{ledger}/genesis", "GET /api/v1/ledgers/{ledger}/consistency",
        "GET /api/v1/ledgers/{ledger}/renewal",
        "GET /.well-known/scitt-keys", "GET /log/{ledger}/checkpoint", "GET /log/{ledger}/vkeys",
        "GET /log/{ledger}/tile/**",
        // A delivered key must match the commitment on the ledger; a request for keys is signed by the reader.
        "POST /api/v1/epoch-keys", "POST /api/v1/keys",
    ]

    /// What each use case shows to everybody.
    static let publicRoutesOfUseCases: [String: Set<String>] = [
        // The shopper's page and the evidence behind it.
        "agricultural-tracing": [
            "GET /01/{gtin}/10/{lot}/21/{serial}", "GET /api/v1/evidence/box",
            "GET /api/v1/tracing/documents/{hash}", "GET /api/v1/tracing/temperatures",
        ],
        // Prices are for everybody, and so is a stay that no account answers for: whoever knows the plate can pay it.
        "automated-parking": [
            "GET /api/v1/parking/lots", "GET /api/v1/parking/rates", "GET /api/v1/parking/rates/{id}",
            "GET /api/v1/parking/lots/{lot}/quote", "GET /parking/prices/{lot}", "GET /parking/visitor",
            "POST /parking/visitor",
        ],
    ]

    @Test(
        "COMMON-24: each route × each kind of caller, from the table that makes the router and the OpenAPI document",
        arguments: useCases.withCompanions.map(\.name))
    func everyRouteForEverybody(name: String) async throws {
        let useCase = try #require(useCases.withCompanions.first { $0.name == name })
        try await TestConsortium.with(useCase) { running in
            let open = Set(running.routes.filter { $0.access == .anyone }.map(Self.name))
            #expect(open == Self.publicRoutes.union(Self.publicRoutesOfUseCases[name] ?? []))
            let people = useCase.cast.participants
            var tokens: [(roles: [String], authorization: String)] = []
            for person in people {
                guard let key = try running.platform.keys.key(of: person.id) else { continue }
                let session = NodeSession(
                    address: running.address, ledger: running.platform.node.ledger, participant: person.id, key: key)
                tokens.append((person.roles, try await session.authorization()))
            }
            #expect(tokens.count == people.count)
            for route in running.routes {
                try await self.check(route, [], nil, running)
                try await self.check(route, [], "Bearer cairn_\(String(repeating: "0", count: 64))", running)
                for token in tokens { try await self.check(route, token.roles, token.authorization, running) }
            }
        }
    }

    private static func name(_ route: Route) -> String { "\(route.method.rawValue.uppercased()) \(route.path)" }

    private func check(
        _ route: Route, _ roles: [String], _ authorization: String?, _ running: EmbeddedConsortium.Running
    ) async throws {
        // An event stream goes on for ever where it is allowed; signing out ends nothing for a program.
        if route.path == "/api/v1/events", authorization != nil { return }
        let path = route.path.replacing("**", with: "0/000")
            .replacing("{ledger}", with: running.platform.node.ledger.hex)
            .replacing(/\{[^}]+\}/, with: "0")
        var request = HTTPClientRequest(url: running.address + path)
        request.method = .init(rawValue: route.method.rawValue.uppercased())
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        // No body: what is let in fails on that, after the question who may call.
        let status = try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code
        let isKnown = !roles.isEmpty
        let isAllowed =
            switch route.access {
            case .anyone: authorization == nil || isKnown
            case .signedIn: isKnown
            case .role(let role): roles.contains(role)
            case .roles(let allowed): !allowed.isDisjoint(with: roles)
            }
        let expected: ClosedRange<UInt> = isAllowed ? 200...599 : (isKnown ? 403...403 : 401...401)
        #expect(expected.contains(status), "\(Self.name(route)) as \(roles): \(status)")
        if isAllowed { #expect(status < 500 && status != 401, "\(Self.name(route)) as \(roles): \(status)") }
    }
}
