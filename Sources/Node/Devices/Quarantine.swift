import APIKit
import ContractKit
import Foundation
import Ledger
import Logging
import Observability
import Replica
import Synchronization

/// Gateways that sent well-signed readings with a key that the ledger does not know: shown to a registrar, who enrols or
/// refuses them. Refusals of gateways are counted and logged by their stable codes.
final class Quarantine: Sendable {
    /// Keys that are remembered; the one seen longest ago gives way.
    static let maximum = 100

    struct Entry: Sendable {
        let kid: Hash32
        let coseKey: Bytes
        /// What it says that it is; nobody vouches for it.
        let issuer: String
        let first: Date
        var last: Date
        var count = 1
        var isRefused = false
    }

    private struct State {
        var entries: [Hash32: Entry] = [:]
        var refusals: [String: UInt64] = [:]
    }

    static let refusals = MetricFamily(
        "cairn_gateway_refusals_total", .counter, "Batches of readings that the ledger refused, by code.")
    static let waiting = MetricFamily(
        "cairn_gateways_quarantined", .gauge, "Gateways with an unknown key that wait for a registrar.")

    private let logger: Logger
    private let state = Mutex(State())

    init(logger: Logger) {
        self.logger = logger
    }

    var entries: [Entry] { state.withLock { $0.entries.values.sorted { $0.last > $1.last } } }

    func entry(_ kid: Hash32) -> Entry? { state.withLock { $0.entries[kid] } }

    /// Notes a refusal at admission. Only who shows a key and signed with it is remembered: a name alone costs nothing.
    func note(_ error: any Error, body: Bytes, key: String?) {
        guard let refusal = error as? ReplicaError, let statement = try? Statement(decoding: body),
            statement.operation.contract == "telemetry"
        else { return }
        count(refusal.code.rawValue, statement)
        guard refusal.code == .unknownKey, let key = key.flatMap({ Bytes(hex: $0) }), key.count <= 200,
            let verifying = try? VerifyingKey(coseKey: key), verifying.kid == statement.kid,
            statement.isSigned(by: verifying)
        else { return }
        let now = Date()
        state.withLock { state in
            if state.entries[statement.kid] != nil {
                state.entries[statement.kid]?.last = now
                state.entries[statement.kid]?.count += 1
                return
            }
            if state.entries.count >= Self.maximum,
                let oldest = state.entries.values.min(by: { $0.last < $1.last })
            {
                state.entries[oldest.kid] = nil
            }
            state.entries[statement.kid] = Entry(
                kid: statement.kid, coseKey: verifying.coseKey, issuer: statement.issuer, first: now, last: now)
        }
    }

    /// Notes what a contract said to a batch.
    func note(_ problem: Problem, _ statement: Statement) {
        guard statement.operation.contract == "telemetry" else { return }
        count(problem.code, statement)
    }

    private func count(_ code: String, _ statement: Statement) {
        state.withLock { $0.refusals[code, default: 0] += 1 }
        logger.warning(
            "readings of a gateway were refused",
            metadata: [
                "code": "\(code)", "issuer": "\(statement.issuer)", "kid": "\(statement.kid.hex)",
                "txId": "\(statement.id.hex)",
            ])
    }

    func remove(_ kid: Hash32) { state.withLock { $0.entries[kid] = nil } }

    func refuse(_ kid: Hash32) { state.withLock { $0.entries[kid]?.isRefused = true } }

    var metrics: [(MetricFamily, [MetricSample])] {
        let (refusals, waiting) = state.withLock { state in
            (state.refusals, state.entries.values.count { !$0.isRefused })
        }
        return [
            (
                Self.refusals,
                refusals.sorted { $0.key < $1.key }.map { MetricSample(Double($0.value), [("code", $0.key)]) }
            ),
            (Self.waiting, [MetricSample(Double(waiting))]),
        ]
    }
}
