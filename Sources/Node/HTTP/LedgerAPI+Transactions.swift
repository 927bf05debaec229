import APIKit
import Foundation
import Ledger
import ProjectionKit
import Replica

extension LedgerAPI {
    var transactionRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/transactions/{id}", "Where a transaction is; signed in, also what it says",
                tag: "transactions", access: .anyone, parameters: [Self.idParameter], problems: [404: "not-found"]
            ) { request in
                let id = try self.transactionID(request)
                guard let status = try self.node.status(of: id) else { throw Problem.notFound("transaction \(id)") }
                return APIResponse.json(try await self.json(id, status, request.session))
            },
            Route(
                .get, "/api/v1/transactions/{id}/evidence", "All it takes to verify a record offline",
                tag: "evidence",
                parameters: [
                    Self.idParameter,
                    .init(
                        "reading", in: .query,
                        "Position of a reading in a telemetry batch, to be disclosed and proved as well; in a sealed batch for those who hold its key",
                        .integer(0...1_000_000)),
                ], produces: EvidenceBundle.contentType, problems: [404: "not-found", 410: "not-kept"]
            ) { request in
                let id = try self.transactionID(request)
                try await self.platform.requireReadable(id, request.session)
                let position = try request.query["reading"].map { text -> Int in
                    guard let position = Int(text) else { throw Problem.badRequest("reading is a position") }
                    return position
                }
                do {
                    let bundle = try await self.node.evidence(
                        for: [id], readings: position.map { [(0, $0)] } ?? []
                    ) { try self.platform.vaults.readings(of: $0, request.session?.participant) }
                    return .bytes(bundle.encoded(), EvidenceBundle.contentType)
                } catch { throw Problem.from(error) }
            }.answeringEveryoneWithTheirOwn(),
            Route(
                .get, "/api/v1/ledgers/{ledger}/transactions",
                "Transactions that you may read, newest first; oldest first where they are about a subject or go on from a cursor",
                tag: "transactions",
                parameters: [
                    Self.ledgerParameter, .init("limit", in: .query, "1 to 500, 50 unless given", .integer(1...500)),
                    .init("contract", in: .query, "Only this contract's"),
                    .init("issuer", in: .query, "Only this participant's"),
                    .init("mentioning", in: .query, "Only those about this subject"),
                    .init(
                        "own", in: .query, "true: only those about you and what is yours, if you may read more, too",
                        .pattern("true|false")),
                    .init(
                        "cursor", in: .query,
                        "All, oldest first, a page at a time: 0, then what each answer names; not with contract or issuer",
                        .integer(0...Int64.max)),
                ], problems: [404: "not-found"]
            ) { request in
                try self.requireLedger(request)
                let limit = try request.integer("limit", default: 50, in: 1...500)
                let isOwn = request.query["own"] == "true"
                let own = try request.session.flatMap {
                    isOwn ? try self.platform.names(of: $0) : try self.platform.ownNames($0)
                }
                let name = request.query["mentioning"].map { [$0] }
                if request.query["cursor"] != nil { return try await self.page(request, name, own, limit) }
                let records =
                    if let name {
                        try self.index.records(mentioning: name, and: own, limit: limit)
                    } else {
                        try self.index.latest(
                            contract: request.query["contract"], issuer: request.query["issuer"], own: own,
                            limit: limit)
                    }
                let items = records.map { self.json($0) }
                return request.headers["accept"]?.contains("text/csv") == true
                    ? .text(Self.csv(items), "text/csv; charset=utf-8") : .json(["items": items])
            }.answeringEveryoneWithTheirOwn(),
        ]
    }

    /// A page of records in the ledger's order, up to the block that is final when it is asked for.
    private func page(
        _ request: APIRequest, _ name: [String]?, _ own: [String]?, _ limit: Int
    ) async throws -> APIResponse {
        guard request.query["contract"] == nil, request.query["issuer"] == nil else {
            throw Problem.badRequest("cursor goes with mentioning and own; leave contract and issuer away")
        }
        let first = Int64(try request.integer("cursor", default: 0, in: 0...Int.max))
        try await index.waitFor(height: node.finalHeight, of: node)
        let records = try index.records(mentioning: name, and: own, from: first, limit: limit)
        let next = records.last.map { RecordIndex.number(height: $0.height, position: $0.position) + 1 } ?? first
        return .json(["items": records.map { self.json($0) }, "cursor": String(next)])
    }

    func json(_ record: IndexedRecord) -> [String: Any] {
        let block = try? node.serving.store.block(at: record.height)
        return [
            "id": record.id.hex, "height": record.height, "time": Self.time(record.time), "issuer": record.issuer,
            "subject": record.subject, "contract": record.contract, "operation": record.operation,
            "status": record.rejection == nil ? "FINAL" : "REJECTED",
            "leafIndex": block?.leafIndex(of: record.position).map { $0 as Any } ?? NSNull(),
        ]
    }

    private static func csv(_ items: [[String: Any]]) -> String {
        let columns = ["id", "height", "leafIndex", "time", "issuer", "subject", "contract", "operation", "status"]
        let lines = items.map { item -> String in
            columns.map { column -> String in
                let text = item[column].map { $0 is NSNull ? "" : "\($0)" } ?? ""
                return CSV.field(text)
            }.joined(separator: ",")
        }
        let table: [String] = [columns.joined(separator: ",")] + lines
        return table.map { $0 + "\r\n" }.joined()
    }

    /// Who may not read the record is told how far it has come: that is for whoever sent it, who knows the id.
    private func json(_ id: Hash32, _ status: TransactionStatus, _ session: Session?) async throws -> [String: Any] {
        var object: [String: Any] = ["id": id.hex, "status": status.word]
        guard case .final(let outcome) = status, let block = try node.serving.store.block(at: outcome.height) else {
            return object
        }
        object["height"] = outcome.height
        object["leafIndex"] = outcome.leafIndex.map { $0 as Any } ?? NSNull()
        guard try await platform.mayRead(height: outcome.height, position: outcome.position, session) else {
            return object
        }
        object["time"] = Self.time(outcome.time)
        let item = block.items[outcome.position]
        object["isKept"] = item.statement != nil
        if item.statement != nil {
            let statement = try item.decoded()
            object["issuer"] = statement.issuer
            object["subject"] = statement.subject
            object["contract"] = statement.operation.contract
            object["operation"] = statement.operation.name
            object["arguments"] = CBORText.json(.map(statement.operation.arguments))
        }
        if let rejection = outcome.result.rejection {
            object["rejection"] = [
                "contract": rejection.contract, "code": rejection.code, "message": rejection.message,
            ]
        }
        object["events"] = outcome.result.events.map { event -> [String: Any] in
            [
                "contract": event.contract, "name": event.name, "subject": event.subject,
                "details": CBORText.json(.map(event.details)),
            ]
        }
        return object
    }
}
