import APIKit
import ContractKit
import Foundation
import KeyService
import Ledger
import UseCaseKit

/// Sealed streams over HTTP: what gateways ask and deliver, keys for readers, and what a participant gave and got.
struct GrantRoutes: Sendable {
    let platform: Platform

    /// Grants, requests and records that are listed, of all on the ledger.
    static let maximumListed = 10_000

    var routes: [Route] { [streams, deliver, fetch, grants, accessLog] }

    // MARK: For gateways

    private var streams: Route {
        Route(
            .get, "/api/v1/streams", "Which streams are published or want a new key, and the owners' encryption keys",
            tag: "grants",
            parameters: [.init("gateway", in: .query, "Only owners of devices that report through this gateway")]
        ) { request in
            let state = platform.state
            let gateway = request.query["gateway"]
            let owners = Set(
                try state.scan(MembershipContract.devices, limit: 100_000)
                    .filter { gateway == nil || $0.value.gateway == gateway }.map(\.value.owner))
            var items: [[String: Any]] = []
            for owner in owners.sorted() {
                guard let record = try state.get(GrantsContract.keys, owner) else { continue }
                items.append([
                    "id": owner, "encryptionKey": record.key.hex,
                    "service": record.service.map { $0 as Any } ?? NSNull(),
                ])
            }
            let streams = try state.scan(GrantsContract.streams, limit: Self.maximumListed)
                .filter { StreamName.owner(of: $0.key).map(owners.contains) ?? false }
            return .json([
                "owners": items,
                "streams": streams.map { name, stream -> [String: Any] in
                    ["stream": name, "published": stream.isPublished, "rotation": stream.rotation]
                },
            ])
        }
    }

    private struct Delivery: Decodable {
        var gateway: String
        var stream: String
        var epoch: UInt64
        var enc: String
        var ciphertext: String
    }

    private var deliver: Route {
        Route(
            .post, "/api/v1/epoch-keys", "Deliver an epoch's key, wrapped for the stream's owner", tag: "grants",
            access: .anyone, consumes: "application/json", bodyLimit: 4096,
            success: (200, "The owner has the key; the registered commitment shows that it is the right one"),
            problems: [403: "wrong-key", 404: "not-found, not-hosted"],
            body: .object([
                "gateway": .text, "stream": .text, "epoch": .integer(1...Int64.max), "enc": .text,
                "ciphertext": .text,
            ])
        ) { request in
            guard let delivery = try? JSONDecoder().decode(Delivery.self, from: Data(request.body)),
                let enc = Bytes(hex: delivery.enc), let ciphertext = Bytes(hex: delivery.ciphertext)
            else { throw Problem.badRequest("a delivery is gateway, stream, epoch, enc and ciphertext in hex") }
            let epoch = StreamEpoch(
                ledger: platform.node.ledger, gateway: delivery.gateway, stream: delivery.stream, number: delivery.epoch
            )
            do {
                try platform.keyService.deliver(.init(encapsulatedKey: enc, ciphertext: ciphertext), of: epoch)
            } catch { throw Problem.from(error) }
            return .json(["stream": delivery.stream, "epoch": delivery.epoch])
        }
    }

    // MARK: For readers

    private var fetch: Route {
        Route(
            .post, "/api/v1/keys", "Keys of granted streams, wrapped for the reader who signed the request",
            tag: "grants", access: .anyone, consumes: "application/cose",
            success: (200, "The keys; the access is on the ledger by now"),
            problems: [
                400: "bad-request", 403: "not-granted, no-encryption-key, unknown-key, signature-invalid",
                404: "not-found, not-hosted", 503: "not-recorded",
            ]
        ) { request in
            do {
                let releases = try await platform.keyService.fetch(request.body)
                return .json([
                    "keys": releases.map { release -> [String: Any] in
                        [
                            "gateway": release.epoch.gateway, "stream": release.epoch.stream,
                            "epoch": release.epoch.number, "enc": release.secret.encapsulatedKey.hex,
                            "ciphertext": release.secret.ciphertext.hex, "commitment": release.commitment.hex,
                        ]
                    }
                ])
            } catch { throw Problem.from(error) }
        }
    }

    // MARK: For both sides

    private var grants: Route {
        Route(.get, "/api/v1/grants", "Requests and grants that you gave, asked for or got", tag: "grants") { request in
            let person = try Self.participant(request)
            let state = platform.state
            func concerns(_ terms: GrantTerms) -> Bool { terms.owner == person || terms.reader == person }
            let requests = try state.scan(GrantsContract.requests, limit: Self.maximumListed)
                .filter { concerns($0.value.terms) }
            let grants = try state.scan(GrantsContract.grants, limit: Self.maximumListed)
                .filter { concerns($0.value.terms) }
            let now = platform.now
            return .json([
                "requests": requests.map { id, request -> [String: Any] in
                    var item = Self.json(request.terms, id: id)
                    item["askedAt"] = LedgerAPI.time(request.askedAt)
                    item["answer"] = request.answer.rawValue
                    return item
                },
                "grants": grants.map { id, grant -> [String: Any] in
                    var item = Self.json(grant.terms, id: id)
                    item["grantedAt"] = LedgerAPI.time(grant.grantedAt)
                    item["revokedAt"] = grant.revokedAt.map { LedgerAPI.time($0) as Any } ?? NSNull()
                    item["isLive"] = grant.isLive(at: now)
                    item["releases"] = grant.releases
                    return item
                },
            ])
        }
    }

    private var accessLog: Route {
        Route(
            .get, "/api/v1/access-log", "Who got keys of your streams: who, what, when, under which grant, for what",
            tag: "grants"
        ) { request in
            let entries = try AccessLog(of: try Self.participant(request), on: platform).entries
            return .json([
                "items": entries.map { entry -> [String: Any] in
                    [
                        "time": LedgerAPI.time(entry.time), "reader": entry.terms.reader, "grant": entry.grant,
                        "purpose": entry.terms.purpose, "transaction": entry.transaction.hex,
                        "epochs": entry.epochs.map { range -> [String: Any] in
                            [
                                "gateway": range.gateway, "stream": range.stream, "first": range.first,
                                "last": range.last,
                            ]
                        },
                    ]
                }
            ])
        }
    }

    private static func participant(_ request: APIRequest) throws -> String {
        guard let session = request.session else { throw Problem.signInNeeded }
        return session.participant
    }

    private static func json(_ terms: GrantTerms, id: String) -> [String: Any] {
        [
            "id": id, "owner": terms.owner, "reader": terms.reader, "streams": terms.streams, "purpose": terms.purpose,
            "from": LedgerAPI.time(terms.from), "to": terms.to.map { LedgerAPI.time($0) as Any } ?? NSNull(),
            "until": LedgerAPI.time(terms.until),
        ]
    }
}

/// The accesses to an owner's streams, newest first, from the records that the key service wrote in the owner's name.
struct AccessLog {
    struct Entry: Sendable {
        let time: UInt64
        let grant: String
        let terms: GrantTerms
        let epochs: [EpochRange]
        let transaction: Hash32
    }

    /// Statements of the owner that are looked at.
    private static let depth = 1_000

    let entries: [Entry]

    init(of owner: String, on platform: Platform) throws {
        let records = try platform.index.latest(contract: "grants", issuer: owner, limit: Self.depth)
        entries = try records.filter { $0.operation == "release" && $0.rejection == nil }.compactMap { record in
            let arguments = try platform.statement(of: record).operation.arguments
            guard let id = arguments[text: "grant"]?.text,
                let grant = try platform.state.get(GrantsContract.grants, id)
            else { return nil }
            return Entry(
                time: record.time, grant: id, terms: grant.terms,
                epochs: (arguments[text: "epochs"]?.array ?? []).compactMap { try? EpochRange(cbor: $0) },
                transaction: record.id)
        }
    }
}
