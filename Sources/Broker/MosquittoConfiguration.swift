import Foundation

/// What the broker is told: its configuration file and its access list.
public struct MosquittoConfiguration: Sendable {
    /// A gateway that may read everything its member's devices say, and answer them.
    public struct Gateway: Sendable, Hashable {
        /// The common name of the gateway's certificate.
        public var id: String
        /// The member whose topics it serves.
        public var member: String

        /// Names a gateway.
        public init(id: String, member: String) {
            self.id = id
            self.member = member
        }
    }

    /// QoS 1 messages that may be under way to one client without acknowledgement.
    public static let maximumInflight = 8_192
    /// Messages kept for one client that is away; beyond that the broker would drop them.
    public static let maximumQueued = 1_000_000
    /// Octets kept for one client that is away.
    public static let maximumQueuedOctets = 512 * 1024 * 1024
    /// Octets of one MQTT packet.
    public static let maximumPacket = 256 * 1024
    /// Seconds between two saves of the broker's queue: what its crash can cost at most.
    public static let saveInterval = 10

    /// TCP port on 127.0.0.1.
    public var port: Int
    /// Folder for configuration, queue and log; created with mode 0700.
    public var folder: String
    /// The broker's certificate.
    public var certificate: CertificateFiles
    /// TCP port on 127.0.0.1 where new devices come in by a claim, without a certificate; nil for none.
    public var claimPort: Int?
    /// The revoked certificates, PEM; nil for none.
    public var revocations: String?
    /// The gateways it serves.
    public var gateways: [Gateway]
    /// The program.
    public var program = "/usr/sbin/mosquitto"

    /// A broker on loopback.
    public init(port: Int, folder: String, certificate: CertificateFiles, gateways: [Gateway]) {
        self.port = port
        self.folder = folder
        self.certificate = certificate
        self.gateways = gateways
    }

    var configurationFile: String { folder + "/mosquitto.conf" }
    var accessFile: String { folder + "/access.acl" }
    var claimAccessFile: String { folder + "/claims.acl" }
    var passwordFile: String { folder + "/claims.password" }
    var logFile: String { folder + "/mosquitto.log" }
    var processFile: String { folder + "/mosquitto.pid" }

    /// Text of the configuration file, mosquitto.conf(5).
    var text: String {
        """
        # Written by cairn at every start; changes are lost.
        user \(NSUserName())
        per_listener_settings true
        persistence true
        persistence_location \(folder)/
        persistence_file queue.db
        autosave_interval \(Self.saveInterval)
        max_inflight_messages \(Self.maximumInflight)
        max_queued_messages \(Self.maximumQueued)
        max_queued_bytes \(Self.maximumQueuedOctets)
        max_packet_size \(Self.maximumPacket)
        set_tcp_nodelay true
        connection_messages false
        log_dest file \(logFile)
        log_type error
        log_type warning
        log_type notice
        log_type information
        listener \(port) 127.0.0.1
        cafile \(certificate.authority)
        certfile \(certificate.certificate)
        keyfile \(certificate.key)
        require_certificate true
        use_identity_as_username true
        use_username_as_clientid true
        allow_anonymous false
        acl_file \(accessFile)
        \(revocations.map { "crlfile \($0)\n" } ?? "")
        \(claimListener)
        """
    }

    /// New devices have no certificate yet. They come in with a claim as name and password, and reach nothing but their
    /// own request and its answer.
    private var claimListener: String {
        guard let claimPort else { return "" }
        return """
            listener \(claimPort) 127.0.0.1
            certfile \(certificate.certificate)
            keyfile \(certificate.key)
            use_username_as_clientid true
            allow_anonymous false
            password_file \(passwordFile)
            acl_file \(claimAccessFile)

            """
    }

    /// Text of the access list of the listener for claims.
    var claimAccessList: String {
        """
        # Written by cairn at every start; changes are lost.
        pattern write cairn/v1/+/%u/provision
        pattern read cairn/v1/+/%u/provision/reply

        """
    }

    /// Text of the access list. `%u` is the user name, that is the common name of the client's certificate: a device
    /// speaks under its own URN only, and hears only what is addressed to it.
    var accessList: String {
        var lines = [
            "# Written by cairn at every start; changes are lost.",
            "pattern write cairn/v1/+/%u/data/+",
            "pattern write cairn/v1/+/%u/event/+",
            "pattern write cairn/v1/+/%u/state",
            "pattern write cairn/v1/+/%u/cmd/+/reply",
            "pattern read cairn/v1/+/%u/cmd/+",
            "pattern read cairn/v1/+/%u/error",
        ]
        for gateway in gateways {
            let topics = "cairn/v1/\(gateway.member)/+"
            lines += [
                "", "user \(gateway.id)",
                "topic read \(topics)/data/+",
                "topic read \(topics)/event/+",
                "topic read \(topics)/state",
                "topic read \(topics)/cmd/+/reply",
                "topic write \(topics)/cmd/+",
                "topic write \(topics)/error",
                "topic read \(topics)/provision",
                "topic write \(topics)/provision/reply",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
