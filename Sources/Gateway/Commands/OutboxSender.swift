import Foundation
import Ledger
import Logging

/// Brings the outbox's operations to the ledger, in order, each until its outcome is known.
struct OutboxSender: Sendable {
    /// Settled entries kept, so that an outcome that is asked for again is known.
    private static let kept = 20_000
    private static let idlePause: Duration = .milliseconds(100)
    private static let awayPause: Duration = .seconds(1)

    let configuration: GatewayConfiguration
    let store: GatewayStore
    let node: GatewayUplink

    /// Runs until the task is cancelled.
    func run() async throws {
        while true {
            guard let entry = try await store.nextOutboxEntry() else {
                try await Task.sleep(for: Self.idlePause)
                continue
            }
            let now = UInt64(Date().timeIntervalSince1970 * 1000)
            // The bytes are stored before they are sent, and are the same at each attempt: the node knows them again.
            guard let statement = entry.statement else {
                try await sign(entry)
                continue
            }
            switch await node.submit(statement, waits: true) {
            case .final: try await store.settleOutbox(entry.id, refusal: nil, now: now, keep: Self.kept)
            case .underway: continue
            case .away: try await Task.sleep(for: Self.awayPause)
            case .rejected(ForwardPlan.expired, _): try await sign(entry)
            case .rejected(let code, let reason):
                configuration.logger.warning("the node rejected \(entry.purpose): \(code): \(reason)")
                try await store.settleOutbox(entry.id, refusal: "\(code): \(reason)", now: now, keep: Self.kept)
            }
        }
    }

    private func sign(_ entry: WaitingEntry) async throws {
        let statement: Statement
        do {
            statement = try Statement.sign(
                try Operation(decoding: entry.operation), issuer: configuration.id,
                subject: entry.subject,
                validUntil: UInt64(Date().timeIntervalSince1970) + configuration.validity,
                nonce: (0..<16).map { _ in UInt8.random(in: 0...255) }, ledger: configuration.ledger,
                with: configuration.signingKey)
        } catch {
            throw GatewayError(.batch, "\(entry.purpose) cannot be signed: \(error)")
        }
        try await store.persist { [store] in try await store.setOutboxStatement(entry.id, statement) }
    }
}
