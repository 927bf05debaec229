import Sequencing

/// Where etcd is, and how a node is let in.
public struct EtcdConfiguration: Sendable {
    /// Files in PEM.
    public struct TLS: Sendable {
        /// Who vouches for etcd's certificate; nil for the system's authorities.
        public var authorityFile: String?
        /// This node's certificate and key, where etcd asks for one. It lets the node connect; as whom it writes, user and password say.
        public var certificateFile: String?
        public var keyFile: String?

        public init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// `host:port` of each member of the etcd cluster; the next one is tried when one does not answer.
    public var endpoints: [String]
    /// nil speaks in clear, for loopback.
    public var tls: TLS?
    /// nil where etcd knows no users.
    public var user: (name: String, password: String)?

    /// Bytes after which etcd takes nothing more, as it was started with; nodes wait when half of them are in use.
    public var quotaBytes: Int

    /// As etcd has it unless it is told another (`--quota-backend-bytes`).
    public static let defaultQuota = 2 << 30

    public init(
        endpoints: [String], tls: TLS? = nil, user: (name: String, password: String)? = nil,
        quotaBytes: Int = defaultQuota
    ) {
        self.quotaBytes = quotaBytes
        self.endpoints = endpoints
        self.tls = tls
        self.user = user
    }

    /// The endpoints, each of which has a host and a port.
    func checkedEndpoints() throws -> [String] {
        guard !endpoints.isEmpty else { throw Self.malformed("none is given") }
        for endpoint in endpoints {
            guard let colon = endpoint.lastIndex(of: ":"), colon > endpoint.startIndex,
                let port = Int(endpoint[endpoint.index(after: colon)...]), (1...65535).contains(port)
            else { throw Self.malformed("\(endpoint) is not host:port") }
        }
        return endpoints
    }

    private static func malformed(_ what: String) -> SequencingError {
        SequencingError(.configuration, "endpoints of etcd are host:port; \(what)")
    }
}
