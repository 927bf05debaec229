import Sequencing

/// Where etcd is, and how a node is let in.
public struct EtcdConfiguration: Sendable {
    /// Files in PEM.
    public struct TLS: Sendable {
        /// Who vouches for etcd's certificate; nil for the system's authorities.
        public var authorityFile: String?
        /// This node's certificate and key, where etcd asks for one.
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
    /// nil where etcd knows no users, or knows this node by its certificate.
    public var user: (name: String, password: String)?

    public init(endpoints: [String], tls: TLS? = nil, user: (name: String, password: String)? = nil) {
        self.endpoints = endpoints
        self.tls = tls
        self.user = user
    }

    /// Host and port of each endpoint.
    func addresses() throws -> [(host: String, port: Int)] {
        guard !endpoints.isEmpty else { throw Self.malformed("none is given") }
        return try endpoints.map { endpoint in
            guard let colon = endpoint.lastIndex(of: ":"), colon > endpoint.startIndex,
                let port = Int(endpoint[endpoint.index(after: colon)...]), (1...65535).contains(port)
            else { throw Self.malformed("\(endpoint) is not host:port") }
            return (String(endpoint[..<colon]), port)
        }
    }

    private static func malformed(_ what: String) -> SequencingError {
        SequencingError(.configuration, "endpoints of etcd are host:port; \(what)")
    }
}
