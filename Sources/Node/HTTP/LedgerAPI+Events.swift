import APIKit
import Foundation
import Ledger
import LedgerStore
import Replica

/// Server-sent events: final transactions and contract events in the order of the ledger.
extension LedgerAPI {
    /// Streams open at once; beyond that clients are told to come back.
    static let maximumStreams = 512

    /// Seconds between comments that keep an idle connection open.
    static let heartbeat = 15

    var eventRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/events", "Final transactions that you may read, as they come (server-sent events)",
                tag: "events",
                parameters: [
                    .init("Last-Event-ID", in: .header, "Height after which to go on; the present head unless given")
                ], produces: "text/event-stream", problems: [410: "not-kept"]
            ) { request in
                let start: UInt64
                if let last = request.headers["last-event-id"] {
                    guard let height = UInt64(last), String(height) == last, height <= self.node.finalHeight else {
                        throw Problem.badRequest("Last-Event-ID is the height of a final block")
                    }
                    start = height + 1
                    if let bare = try self.node.serving.store.firstBare(from: start) {
                        throw Problem(
                            410, "not-kept",
                            "this member does not keep the statements of block \(bare); go on with the node of another member, or leave Last-Event-ID out"
                        )
                    }
                } else {
                    start = self.node.finalHeight + 1
                }
                guard self.streams.add(1, ordering: .relaxed).newValue <= Self.maximumStreams else {
                    self.streams.subtract(1, ordering: .relaxed)
                    throw Problem(503, "busy", "\(Self.maximumStreams) event streams are open; try again in a second")
                }
                return APIResponse(
                    contentType: "text/event-stream", headers: [("Cache-Control", "no-store")],
                    body: .stream { write in
                        defer { self.streams.subtract(1, ordering: .relaxed) }
                        try await self.stream(from: start, request.session, write)
                    })
            }.answeringEveryoneWithTheirOwn()
        ]
    }

    private func stream(
        from start: UInt64, _ session: Session?, _ write: @escaping APIResponse.Writer
    ) async throws {
        try await write(Array(": cairn\n\n".utf8))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(Self.heartbeat))
                    try await write(Array(": \n\n".utf8))
                }
            }
            group.addTask {
                var height = start
                while !Task.isCancelled {
                    let final = try await self.node.finalBlock(at: height)
                    if let message = try await self.message(final, session) { try await write(Array(message.utf8)) }
                    height += 1
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// nil where nothing in the block concerns the one who listens.
    private func message(_ final: FinalBlock, _ session: Session?) async throws -> String? {
        guard let own = try session.flatMap({ try platform.ownNames($0) }) else {
            return message(final, final.block.items, final.block.results.flatMap(\.events))
        }
        let height = final.header.height
        try await index.waitFor(height: height, of: node)
        let items = try final.block.items.enumerated().filter {
            try index.mentions(own, height: height, position: $0.offset)
        }.map(\.element)
        // What fell due by itself is nobody's statement; its events name whom they concern.
        let due = final.block.timer?.events.filter { own.contains($0.subject) } ?? []
        return items.isEmpty && due.isEmpty ? nil : message(final, items, due + items.flatMap(\.result.events))
    }

    private func message(
        _ final: FinalBlock, _ told: [StoredBlock.Item], _ toldEvents: [TransactionResult.Event]
    ) -> String {
        let items = told.map { item -> [String: Any] in
            let statement = try? item.decoded()
            return [
                "id": item.result.transaction.hex, "status": item.result.rejection == nil ? "FINAL" : "REJECTED",
                "contract": statement?.operation.contract ?? "", "operation": statement?.operation.name ?? "",
                "subject": statement?.subject ?? "", "issuer": statement?.issuer ?? "",
            ]
        }
        let events = toldEvents.map { event -> [String: Any] in
            [
                "contract": event.contract, "name": event.name, "subject": event.subject,
                "details": CBORText.json(.map(event.details)),
            ]
        }
        let data = try? JSONSerialization.data(
            withJSONObject: [
                "ledger": node.ledger.hex, "height": final.header.height, "time": Self.time(final.header.time),
                "transactions": items, "events": events,
            ], options: [.sortedKeys, .withoutEscapingSlashes])
        return "id: \(final.header.height)\nevent: block\ndata: \(String(decoding: data ?? Data(), as: UTF8.self))\n\n"
    }
}
