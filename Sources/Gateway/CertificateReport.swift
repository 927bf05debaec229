import Foundation

/// A certificate at the broker and its end, as the gateway tells its node, whose page and metrics warn before the day.
public struct CertificateEnd: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
        case ca, broker, gateway, device
    }

    /// Of its file.
    public var name: String
    public var kind: Kind
    /// Seconds since 1970.
    public var until: UInt64

    public init(name: String, kind: Kind, until: UInt64) {
        self.name = name
        self.kind = kind
        self.until = until
    }
}

/// What is posted to `/api/v1/gateways/certificates`.
public struct CertificateReport: Sendable, Codable {
    /// Those that end first, where there are more.
    public static let maximum = 500

    public var items: [CertificateEnd]

    public init(_ items: [CertificateEnd]) {
        self.items = Array(items.sorted { $0.until < $1.until }.prefix(Self.maximum))
    }
}

extension Gateway {
    /// A node that was started anew knows nothing, so all is told again and again.
    private static let reportInterval: Duration = .seconds(20)

    /// Tells the node which certificates end when, until cancelled.
    func tellCertificates(_ certificates: @Sendable () -> [CertificateEnd]) async throws {
        while true {
            do {
                try await node.tell(CertificateReport(certificates()))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                configuration.logger.debug("the node was not told of certificates: \(error)")
            }
            try await Task.sleep(for: Self.reportInterval)
        }
    }
}
