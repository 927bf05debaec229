import APIKit
import ContractKit
import Foundation
import Ledger
import Replica

extension LedgerAPI {
    var stateRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/ledgers/{ledger}/state", "A state value that you may read, or its absence, with proof",
                tag: "state",
                parameters: [Self.ledgerParameter, .init("key", in: .query, "contract/map/key", isRequired: true)],
                problems: [403: "not-yours"]
            ) { request in
                try self.requireLedger(request)
                guard let key = request.query["key"], !key.isEmpty else {
                    throw Problem.badRequest("key is contract/map/key")
                }
                guard let session = request.session, try self.platform.mayRead(stateKey: key, session) else {
                    throw Problem(403, "not-yours", "this value is for its parties; ask the registrar")
                }
                let snapshot = try self.node.serving.snapshot(of: [Bytes(key.utf8)])
                let final = try await self.node.finalBlock(at: snapshot.head.height)
                let entry = snapshot.entries[0]
                return .json([
                    "key": key, "value": entry.value.map { $0.hex as Any } ?? NSNull(),
                    "proof": entry.proof.cbor.encoded().hex, "header": final.block.headerBytes.hex,
                    "certificate": final.certificate.hex,
                    "decoded": entry.value.flatMap { try? CBOR.decode($0) }.map { CBORText.json($0) } ?? NSNull(),
                ])
            }.answeringEveryoneWithTheirOwn()
        ]
    }

    var directoryRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/devices", "Enrolled devices", tag: "identity",
                parameters: [.init("gateway", in: .query, "Only those that report through this gateway")]
            ) { request in
                let gateway = request.query["gateway"]
                let reader = StoreReader(store: self.node.serving.store)
                // What is signed now comes into the next block at the earliest.
                let height = self.node.finalHeight + 1
                var items: [[String: Any]] = []
                for (urn, device) in try reader.scan(MembershipContract.devices, limit: 100_000)
                where gateway == nil || device.gateway == gateway {
                    guard let key = try reader.get(MembershipContract.keys, device.kid.hex) else { continue }
                    items.append([
                        "urn": urn, "kid": device.kid.hex, "publicKey": key.coseKey.hex, "profile": device.profile,
                        "owner": device.owner, "gateway": device.gateway,
                        "active": device.revokedAt == nil && key.isValid(at: height),
                        "agreed": try TermsContract.agrees(device.owner, at: device.gateway, in: reader),
                    ])
                }
                return .json(["items": items])
            },
            Route(.get, "/api/v1/participants", "Enrolled participants", tag: "identity") { _ in
                let reader = StoreReader(store: self.node.serving.store)
                let people = try reader.scan(MembershipContract.participants, limit: 10_000)
                return .json([
                    "items": people.map { id, person -> [String: Any] in
                        [
                            "id": id, "name": person.name, "member": person.member, "roles": person.roles,
                            "attestedBy": person.attestedBy, "revoked": person.revokedAt != nil,
                        ]
                    }
                ])
            },
        ]
    }
}
