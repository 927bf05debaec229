import APIKit
import Foundation
import Ledger
import Replica

/// Submitting signed statements. The statement's signature is what authenticates the call.
extension LedgerAPI {
    var submissionRoutes: [Route] {
        [
            Route(
                .post, "/api/v1/transactions", "Submit a signed statement", tag: "transactions", access: .anyone,
                parameters: [
                    .init("Prefer", in: .header, "wait=SECONDS answers 201 once FINAL (RFC 7240)"),
                    .init("Cairn-Key", in: .header, "COSE_Key in hex of a gateway that is not enrolled yet"),
                ],
                consumes: "application/cose", success: (201, "FINAL; 202 while it is not, with its Location"),
                problems: [
                    403: "unknown-key, signature-invalid", 404: "other-ledger", 413: "limit-exceeded",
                    422: "CONTRACT-NUMBER or expired", 503: "busy",
                ], rate: nil
            ) { request in
                let (statement, outcome) = try await self.submit(request)
                return self.answer(statement, outcome) { Self.brief(statement.id, $0) }
            }.answeredDirectly { request, respond in self.submit(request, respond) },
            Route(
                .post, "/entries", "Register a signed statement (SCITT)", tag: "scitt", access: .anyone,
                consumes: "application/cose", produces: "application/cose",
                success: (201, "The transparent statement, with a receipt of each member"),
                problems: [
                    403: "unknown-key, signature-invalid", 404: "other-ledger", 422: "CONTRACT-NUMBER or expired",
                    503: "busy",
                ], rate: nil
            ) { request in
                let (statement, outcome) = try await self.submit(request, defaultWait: 10_000)
                let receipts = try await self.node.receipts(for: statement.id) ?? []
                return self.answer(statement, outcome) { _ in
                    APIResponse(
                        status: 201, contentType: "application/cose",
                        headers: [("Location", "/entries/\(statement.id.hex)")],
                        body: .bytes(statement.transparent(with: receipts)))
                }
            },
            Route(
                .post, "/api/v1/dry-runs", "What an operation would do if you signed it now; nothing is recorded",
                tag: "transactions", consumes: Ledger.Operation.contentType
            ) { request in
                let session = try request.requireSession()
                let operation: Ledger.Operation
                do { operation = try Ledger.Operation(decoding: request.body) } catch { throw Problem.from(error) }
                let (result, changes) = try self.node.rehearse(operation, by: session.signer)
                var object = Self.json(result, of: operation)
                object["changes"] = changes.map { String(decoding: $0, as: UTF8.self) }
                return .json(object)
            }.answeringEveryoneWithTheirOwn(),
        ]
    }

    private static func json(_ result: TransactionResult, of operation: Ledger.Operation) -> [String: Any] {
        [
            "operation": "\(operation.contract).\(operation.name)", "accepted": result.rejection == nil,
            "code": result.rejection.map { "\($0.contract)-\($0.code)" } ?? NSNull(),
            "message": result.rejection?.message ?? NSNull(),
            "events": result.events.map {
                [
                    "contract": $0.contract, "name": $0.name, "subject": $0.subject,
                    "details": CBORText.json(.map($0.details)),
                ]
            },
        ]
    }

    private func submit(
        _ request: APIRequest, defaultWait: UInt64? = nil
    ) async throws -> (Statement, TransactionOutcome?) {
        do {
            let statement = try node.admit(request.body)
            try node.submit(statement)
            guard let wait = request.preferredWait ?? defaultWait, wait > 0 else { return (statement, nil) }
            return (statement, try await node.outcome(of: statement.id, within: wait))
        } catch {
            quarantine.note(error, body: request.body, key: request.headers["cairn-key"])
            throw Problem.from(error)
        }
    }

    /// The way that load takes: no task waits for the outcome. What is refused, or needs more than memory, goes the general way.
    private func submit(_ request: DirectRequest, _ respond: @escaping @Sendable (APIResponse) -> Void) -> Bool {
        guard let wait = request.preferredWait, wait > 0,
            let statement = try? node.admitWithoutReading(request.body)
        else { return false }
        do {
            try node.submit(statement, within: wait) { outcome in
                respond(self.answer(statement, outcome) { Self.brief(statement.id, $0) })
            }
            return true
        } catch {
            return false
        }
    }

    private func answer(
        _ statement: Statement, _ outcome: TransactionOutcome?,
        final: (TransactionOutcome) throws -> APIResponse
    ) rethrows -> APIResponse {
        let location = [(name: "Location", value: "/api/v1/transactions/\(statement.id.hex)")]
        guard let outcome else {
            return APIResponse(
                status: 202, contentType: "application/json", headers: location,
                body: .bytes(Array("{\"id\":\"\(statement.id.hex)\",\"status\":\"RECEIVED\"}".utf8)))
        }
        if let problem = Problem.rejected(outcome) {
            quarantine.note(problem, statement)
            var response = problem.response
            response.headers += location
            return response
        }
        return try final(outcome)
    }

    /// The answer to a submission, written by hand: this is the path that load takes.
    private static func brief(_ id: Hash32, _ outcome: TransactionOutcome) -> APIResponse {
        let leaf = outcome.leafIndex.map { String($0) } ?? "null"
        let json =
            "{\"height\":\(outcome.height),\"id\":\"\(id.hex)\",\"leafIndex\":\(leaf),\"status\":\"\(outcome.word)\",\"time\":\"\(time(outcome.time))\"}"
        return APIResponse(
            status: 201, contentType: "application/json", headers: [("Location", "/api/v1/transactions/\(id.hex)")],
            body: .bytes(Array(json.utf8)))
    }
}
