import APIKit
import Foundation
import Observability
import Replica

/// Health and metrics, on a loopback port of their own.
struct OperationsRoutes: Sendable {
    static let version = "0.1.0"

    private static let height = MetricFamily("cairn_ledger_height", .gauge, "Height of the last final block.")
    private static let pending = MetricFamily(
        "cairn_transactions_pending", .gauge, "Statements admitted and not yet final.")
    private static let replicas = MetricFamily(
        "cairn_replicas", .gauge, "Replicas in this process, by whether their store is sound.")
    private static let contradictions = MetricFamily(
        "cairn_contradictions", .gauge, "Pairs of headers that one member signed at one height.")
    private static let transactions = MetricFamily(
        "cairn_transactions_total", .counter, "Final transactions since the start, by contract and result.")
    private static let keptFrom = MetricFamily(
        "cairn_ledger_kept_from_height", .gauge, "The lowest height above which all statements are kept here.")
    private static let fileSize = MetricFamily(
        "cairn_ledger_file_bytes", .gauge, "Size of the member's ledger file, without its log.")
    private static let pruned = MetricFamily(
        "cairn_ledger_pruned_bytes_total", .counter, "Bytes of statements let go since the start.")
    static let messages = MetricFamily(
        "cairn_gateway_messages_total", .counter, "Device messages that a gateway took or refused, by result.")
    static let commands = MetricFamily(
        "cairn_gateway_commands_total", .counter, "Commands to devices, by outcome.")
    static let certificates = MetricFamily(
        "cairn_certificate_expiry_timestamp_seconds", .gauge, "When the next certificate of a kind ends.")
    static let backlog = MetricFamily(
        "cairn_gateway_backlog", .gauge, "Readings that a gateway holds and that are not yet final.")

    let node: LedgerNode
    /// Further metrics, of gateways for instance.
    let more: @Sendable () -> [(MetricFamily, [MetricSample])]

    var routes: [Route] {
        [
            Route(.get, "/livez", "The process runs", tag: "operations", access: .anyone, produces: "text/plain") { _ in
                .text("ok\n")
            },
            Route(
                .get, "/readyz", "The ledger makes progress", tag: "operations", access: .anyone,
                produces: "text/plain", problems: [503: "not-ready"]
            ) { _ in
                if let failure = node.failure { throw Problem(503, "not-ready", failure.message) }
                let damaged = node.damaged.map { "damaged: \($0.member): \($0.error)\n" }.joined()
                let trouble = node.trouble.map { "waiting: \($0)\n" } ?? ""
                return .text("ok\n\(damaged)\(trouble)")
            },
            Route(
                .get, "/metrics", "Prometheus metrics", tag: "operations", access: .anyone, produces: "text/plain"
            ) { _ in .bytes(Array(PrometheusText.render(self.families).utf8), PrometheusText.contentType) },
            Route(
                .get, "/version", "Version of the program", tag: "operations", access: .anyone, produces: "text/plain"
            ) { _ in .text("\(Self.version)\n") },
        ]
    }

    private var families: [(MetricFamily, [MetricSample])] {
        let counts = node.counts
        return [
            (Self.height, [MetricSample(Double(node.finalHeight))]),
            (Self.pending, [MetricSample(Double(node.pending))]),
            (
                Self.replicas,
                [
                    MetricSample(Double(node.replicas.count), [("state", "sound")]),
                    MetricSample(Double(node.damaged.count), [("state", "damaged")]),
                ]
            ),
            (Self.keptFrom, [MetricSample(Double((try? node.keptFrom()) ?? 0))]),
            (Self.fileSize, [MetricSample(Double(node.serving.store.fileSize))]),
            (Self.pruned, [MetricSample(Double(node.prunedStatementBytes))]),
            (Self.contradictions, [MetricSample(Double((try? node.contradictions().count) ?? 0))]),
            (
                Self.transactions,
                counts.accepted.sorted { $0.key < $1.key }.map {
                    MetricSample(Double($0.value), [("contract", $0.key), ("result", "accepted")])
                }
                    + counts.rejected.sorted { $0.key < $1.key }.map {
                        MetricSample(Double($0.value), [("contract", $0.key), ("result", "rejected")])
                    }
            ),
        ] + more()
    }
}
