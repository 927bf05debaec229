import APIKit
import ContractKit
import Foundation
import Gateway
import Observability
import Synchronization

/// Ends of the certificates at the brokers, as gateways tell them, in this process or in their own.
final class CertificateBoard: Sendable {
    /// Octets of a name that is shown.
    private static let maximumName = 200

    private let reports = Mutex<[String: [CertificateEnd]]>([:])

    /// Of all gateways, the next end first.
    var certificates: [CertificateEnd] {
        reports.withLock { $0.values.flatMap { $0 } }.sorted { ($0.until, $0.name) < ($1.until, $1.name) }
    }

    var route: Route {
        Route(
            .post, "/api/v1/gateways/certificates", "A gateway's certificates and their ends", tag: "devices",
            access: .role(MembershipContract.gateway), consumes: "application/json", bodyLimit: 256 * 1024,
            success: (204, "Noted")
        ) { request in
            let session = try request.requireSession()
            let report = try request.json(CertificateReport.self)
            guard report.items.count <= CertificateReport.maximum,
                report.items.allSatisfy({ $0.name.utf8.count <= Self.maximumName && $0.until <= UInt64(Int64.max) })
            else { throw Problem.badRequest("at most \(CertificateReport.maximum) certificates, with short names") }
            self.reports.withLock { $0[session.participant] = report.items }
            return .noContent
        }
    }

    /// The next end of each kind: names of devices are no labels.
    var metrics: [(MetricFamily, [MetricSample])] {
        let kinds = Dictionary(grouping: certificates, by: \.kind.rawValue).sorted { $0.key < $1.key }
        return [
            (
                OperationsRoutes.certificates,
                kinds.compactMap { kind, all in
                    all.first.map { MetricSample(Double($0.until), [("kind", kind)]) }
                }
            )
        ]
    }
}
