import APIKit
import Foundation
import Ledger
import LedgerStore
import Replica

extension LedgerAPI {
    var blockRoutes: [Route] {
        [
            Route(.get, "/api/v1/ledgers", "The ledgers of this node", tag: "ledgers", access: .anyone) { _ in
                .json(["items": [try self.ledgerJSON()]])
            },
            Route(
                .get, "/api/v1/ledgers/{ledger}/genesis", "The first record, whose hash is the ledger's id",
                tag: "ledgers", access: .anyone, parameters: [Self.ledgerParameter], produces: "application/cbor"
            ) { request in
                try self.requireLedger(request)
                return .bytes(self.node.genesis.bytes, "application/cbor")
            },
            Route(
                .get, "/api/v1/ledgers/{ledger}/blocks", "Blocks, oldest first", tag: "ledgers",
                parameters: [
                    Self.ledgerParameter, .init("from", in: .query, "First height", .integer(0...Int64.max)),
                    .init("limit", in: .query, "1 to 200, 50 unless given", .integer(1...200)),
                ]
            ) { request in
                try self.requireLedger(request)
                let from = try request.integer("from", default: 0, in: 0...Int.max)
                let limit = try request.integer("limit", default: 50, in: 1...200)
                let final = self.node.finalHeight
                let blocks = try self.node.serving.store.blocks(from: UInt64(from), limit: limit)
                    .filter { $0.header.height <= final }
                return .json(["items": blocks.map { self.json($0) }])
            },
            Route(
                .get, "/api/v1/ledgers/{ledger}/blocks/{height}", "A block with header and certificate",
                tag: "ledgers",
                parameters: [Self.ledgerParameter, .init("height", in: .path, "Height", .integer(0...Int64.max))],
                problems: [404: "not-found"]
            ) { request in
                try self.requireLedger(request)
                let block = try self.block(try request.parameter("height"))
                var object = self.json(block)
                object["headerBytes"] = block.headerBytes.hex
                object["certificate"] = try self.node.certificate(at: block.header.height).hex
                object["results"] = block.items.map { item -> [String: Any] in
                    [
                        "id": item.result.transaction.hex,
                        "status": item.result.rejection == nil ? "FINAL" : "REJECTED",
                    ]
                }
                return .json(object)
            },
            Route(
                .get, "/api/v1/ledgers/{ledger}/consistency", "That one log size extends another (RFC 9162 §2.1.4)",
                tag: "evidence", access: .anyone,
                parameters: [
                    Self.ledgerParameter,
                    .init("first", in: .query, "Older size", .integer(0...Int64.max), isRequired: true),
                    .init("second", in: .query, "Newer size", .integer(0...Int64.max), isRequired: true),
                ]
            ) { request in
                try self.requireLedger(request)
                let first = try request.integer("first", default: 0, in: 0...Int.max)
                let second = try request.integer("second", default: 0, in: 0...Int.max)
                let snapshot = try self.node.serving.snapshot(of: [])
                guard UInt64(second) <= snapshot.logSize, first <= second else {
                    throw Problem.badRequest("sizes are 0 ≤ first ≤ second ≤ \(snapshot.logSize)")
                }
                let view = LogView(size: UInt64(second), reader: self.node.serving.store)
                return .json(["path": try view.consistencyPath(from: UInt64(first)).map(\.hex)])
            },
            Route(
                .get, "/api/v1/ledgers/{ledger}/renewal",
                "Today's signatures over older blocks: a head, and the places of their SEAL leaves in its log",
                tag: "evidence", access: .anyone,
                parameters: [
                    Self.ledgerParameter,
                    .init(
                        "heights", in: .query, "Heights, with commas", .pattern("[0-9]+(,[0-9]+)*"), isRequired: true),
                ], produces: "application/cbor", problems: [404: "not-found"]
            ) { request in
                try self.requireLedger(request)
                let parts = (request.query["heights"] ?? "").split(separator: ",")
                let heights = parts.compactMap { UInt64($0) }
                guard (1...Self.maximumRenewed).contains(heights.count), heights.count == parts.count else {
                    throw Problem.badRequest("heights are 1 to \(Self.maximumRenewed) numbers")
                }
                do {
                    let (renewal, changes) = try await self.node.renewal(of: heights)
                    return .bytes(renewal.answer(with: changes), "application/cbor")
                } catch { throw Problem.from(error) }
            },
        ]
    }

    /// Blocks that are renewed at once.
    private static let maximumRenewed = 200

    func block(_ text: String) throws -> StoredBlock {
        guard let height = UInt64(text), height <= node.finalHeight,
            let block = try node.serving.store.block(at: height)
        else { throw Problem.notFound("block \(text)") }
        return block
    }

    private func ledgerJSON() throws -> [String: Any] {
        let members = node.members.current
        return [
            "contradictions": try node.contradictions().map { found in
                [
                    "member": found.member, "height": found.height,
                    "signed": [found.first, found.second].map {
                        ["header": $0.header.hex, "signature": $0.signature.hex]
                    },
                ]
            },
            "misleadingBlocks": try node.misleadingBlocks().map {
                ["member": $0.member, "height": $0.height, "block": $0.block.hex]
            },
            "id": node.ledger.hex, "name": node.genesis.name, "height": node.finalHeight,
            "members": node.memberNames.map { ["id": $0.id, "name": $0.name] }, "quorum": members.quorum,
            "liarsSurvived": members.liarsSurvived, "silentSurvived": members.silentSurvived,
            "epoch": node.serving.head.epoch, "trouble": node.trouble ?? NSNull(),
            "damaged": node.damaged.map { ["member": $0.member, "error": $0.error] },
            "keptFrom": try node.keptFrom(),
        ]
    }

    private func json(_ block: StoredBlock) -> [String: Any] {
        let header = block.header
        return [
            "height": header.height, "hash": Hash32.sha256(block.headerBytes).hex, "previous": header.previous.hex,
            "time": Self.time(header.time), "logSize": header.logSize, "logRoot": header.logRoot.hex,
            "stateRoot": header.stateRoot.hex, "resultsRoot": header.resultsRoot.hex, "epoch": header.epoch,
            "transactions": block.items.count, "isKept": block.isWhole,
        ]
    }
}
