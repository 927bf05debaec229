import APIKit
import ContractKit
import Ledger
import Replica

/// What members resolve outside of the order, where the order is lost or a statement stops their nodes.
extension LedgerAPI {
    private struct Request: Decodable {
        /// `order` or `rejection`.
        let matter: String
        /// Of a rejection, in hex.
        let statement: String?
    }

    var resolutionRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/ledgers/{ledger}/resolutions",
                "What a quorum of the members signed outside of the order",
                tag: "ledgers", access: .anyone, parameters: [Self.ledgerParameter]
            ) { request in
                try self.requireLedger(request)
                return .json(["items": self.node.serving.resolutions.map { self.json($0) }])
            },
            Route(
                .post, "/api/v1/ledgers/{ledger}/resolutions",
                "Have the members sign a new order, or that a statement which stops their nodes is refused",
                tag: "ledgers", access: .role(MembershipContract.memberRole), parameters: [Self.ledgerParameter],
                consumes: "application/json", bodyLimit: 1024, success: (201, "A quorum signed it"),
                problems: [403: "not-this-member", 409: "goes-on", 503: "no-quorum"]
            ) { request in
                try self.requireLedger(request)
                let own = MembershipContract.participant(of: self.node.serving.member.id)
                guard try request.requireSession().participant == own else {
                    throw Problem(403, "not-this-member", "ask the node of your own member; this one acts for \(own)")
                }
                let wanted = try request.json(Request.self)
                do {
                    return .json(self.json(try await self.resolve(wanted)), status: 201)
                } catch let error as ReplicaError {
                    throw Problem.from(error)
                }
            },
        ]
    }

    private func resolve(_ request: Request) async throws -> Resolution {
        switch (request.matter, request.statement.map { Hash32(hex: $0) }) {
        case ("order", nil): return try await node.beginOrder()
        case ("rejection", .some(let statement?)): return try await node.reject(statement)
        default:
            throw Problem.badRequest(
                #"send {"matter":"order"}, or {"matter":"rejection","statement":"64 hex digits"}"#)
        }
    }

    private func json(_ resolution: Resolution) -> [String: Any] {
        let signers = node.members.members(at: resolution.matter.height)
        var object: [String: Any] = [
            "signedBy": resolution.votes.compactMap { signers.member(kid: $0.kid)?.id }.sorted(),
            "signatures": resolution.votes.map { ["kid": $0.kid.hex, "signature": $0.signature.hex] },
            "signed": resolution.matter.content(in: node.ledger, with: resolution.headers).hex,
        ]
        switch resolution.matter {
        case .order(let epoch, let after, let header):
            object.merge(["matter": "order", "epoch": epoch, "after": after, "header": header.hex]) { $1 }
        case .rejection(let statement, let height):
            object.merge(["matter": "rejection", "statement": statement.hex, "height": height]) { $1 }
        }
        return object
    }
}
