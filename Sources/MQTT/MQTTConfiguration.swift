/// How a client reaches its broker.
public struct MQTTConfiguration: Sendable {
    /// Files for TLS, all PEM.
    public struct TLS: Sendable, Hashable {
        /// The certificate of the authority that signs brokers.
        public var authorityFile: String
        /// This client's certificate; its common name is the user name at the broker. nil for one that logs in.
        public var certificateFile: String?
        /// The key of the certificate; readable by its owner only.
        public var keyFile: String?

        /// Names the three files.
        public init(authorityFile: String, certificateFile: String, keyFile: String) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }

        /// For a client without a certificate yet.
        public init(authorityFile: String) {
            self.authorityFile = authorityFile
        }
    }

    /// Name and password, for a client without a certificate yet.
    public struct Login: Sendable, Hashable {
        public var name: String
        public var password: String

        public init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }

    /// When the broker is told that a message was received (PUBACK).
    public enum Acknowledgement: Sendable, Hashable {
        /// As soon as it is read from the network.
        case onReceipt
        /// When the consumer of ``MQTTClient/deliveries`` asks for the next ones: a message that was not yet
        /// processed when the process died is delivered again.
        case afterProcessing
    }

    /// Which protocol to speak.
    public enum ProtocolVersion: Sendable, Hashable {
        /// MQTT 5, and MQTT 3.1.1 when the broker does not know it.
        case v5OrV311
        /// MQTT 3.1.1: no user properties.
        case v311
    }

    /// Name or address of the broker; with TLS the certificate must name it.
    public var host: String
    /// TCP port.
    public var port: Int
    /// Client identifier: the device URN or the gateway's name. Unique at the broker.
    public var clientID: String
    /// TLS files; nil only for a broker on loopback without TLS.
    public var tls: TLS?
    /// nil where the certificate says who the client is.
    public var login: Login?
    /// Protocol to speak.
    public var version: ProtocolVersion = .v5OrV311
    /// Seconds of silence after which a ping is sent; the broker gives up after 1.5 times that.
    public var keepAlive: Int = 60
    /// Whether the broker forgets subscriptions and waiting messages when the client goes away.
    public var cleanSession = true
    /// Published by the broker when the client vanishes.
    public var will: MQTTMessage?
    /// Filters to subscribe at every connection, at QoS 1.
    public var subscriptions: [String] = []
    /// When received messages are acknowledged.
    public var acknowledgement: Acknowledgement = .onReceipt
    /// Messages held for the consumer; reading from the network stops at this number, so that TCP slows the broker.
    public var receiveWindow = 1_024
    /// Publications that may wait for their acknowledgement.
    public var maximumPending = 16_384
    /// Seconds that a connection may take until the broker has accepted it.
    public var connectTimeout: Double = 10
    /// First and longest pause between attempts to connect, seconds; doubled in between.
    public var reconnectDelay: ClosedRange<Double> = 0.1...15
    /// Called at every change of the connection, from the network thread; must return at once.
    public var onStateChange: (@Sendable (MQTTConnectionState) -> Void)?

    /// A client for a broker.
    public init(host: String, port: Int, clientID: String, tls: TLS?) {
        self.host = host
        self.port = port
        self.clientID = clientID
        self.tls = tls
    }
}

/// What ``MQTTConfiguration/onStateChange`` reports.
public enum MQTTConnectionState: Sendable, Hashable {
    /// The broker accepted the connection; the flag says whether it speaks MQTT 5.
    case connected(isVersion5: Bool)
    /// The connection ended or could not be made, for this reason.
    case disconnected(reason: String)
    /// The client was closed and does not come back.
    case closed
}
