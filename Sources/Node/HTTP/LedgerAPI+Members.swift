import APIKit
import ContractKit
import Foundation
import Ledger
import Replica

extension LedgerAPI {
    var memberRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/ledgers/{ledger}/members", "Who signs blocks, who did, and what members vote on",
                tag: "ledgers", access: .anyone, parameters: [Self.ledgerParameter]
            ) { request in
                try self.requireLedger(request)
                let members = self.node.members.current
                return .json([
                    "items": self.node.roster.map { self.json($0.id, $0.record) }, "quorum": members.quorum,
                    "proposals": try self.platform.state.scan(MembershipContract.proposals, limit: 100)
                        .map { self.json($0.key, $0.value) },
                ])
            },
            Route(
                .get, "/api/v1/ledgers/{ledger}/members/changes",
                "The headers that announced other members, each with its certificate and the members",
                tag: "ledgers", access: .anyone, parameters: [Self.ledgerParameter], produces: "application/cbor"
            ) { request in
                try self.requireLedger(request)
                let changes = try self.node.memberChanges(through: self.node.finalHeight)
                return .bytes(MemberHistory.cbor(changes).encoded(), "application/cbor")
            },
        ]
    }

    private func json(_ id: String, _ record: MemberRecord) -> [String: Any] {
        [
            "id": id, "name": record.name, "key": record.coseKey.hex, "address": record.address ?? NSNull(),
            "from": record.from, "until": record.until ?? NSNull(),
        ]
    }

    private func json(_ id: String, _ proposal: MemberProposal) -> [String: Any] {
        [
            "id": id, "change": proposal.change.rawValue, "subject": proposal.subject,
            "name": proposal.record?.name ?? node.memberName(proposal.subject),
            "upgrade": proposal.upgrade.map { ["version": $0.version, "height": $0.height] as [String: Any] }
                ?? NSNull(), "proposedBy": proposal.proposedBy,
            "approvals": proposal.approvals, "refusals": proposal.refusals, "expires": Self.time(proposal.expires),
        ]
    }
}
