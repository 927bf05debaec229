import Ledger
import Logging
import MQTT

/// What a gateway needs to know.
public struct GatewayConfiguration: Sendable {
    /// When a batch is closed: at the first of these.
    public struct BatchLimits: Sendable, Hashable {
        /// Most readings; the telemetry contract takes 2,000.
        public var readings = 1_000
        /// Most octets of encoded readings. A statement has at most 60 KiB, and header and list need some of it.
        public var octets = 48 * 1024
        /// Longest time that the first reading waits.
        public var age: Duration = .seconds(1)

        /// The limits above.
        public init() {}
    }

    /// Bounds of the store. When one is reached the gateway takes no more messages from the broker, which keeps them,
    /// until the node has taken some: nothing is dropped.
    public struct StoreLimits: Sendable, Hashable {
        /// Readings that are not yet final on the ledger.
        public var backlog = 2_000_000
        /// Octets of the store's file.
        public var octets = 8 * 1024 * 1024 * 1024
        /// Batches kept after they became final; redeliveries of their readings are recognised.
        public var settledBatches = 1_000
        /// Dead letters. Beyond, the oldest go, first those that were replayed; each is counted and logged.
        public var deadLetters = 20_000

        /// The limits above.
        public init() {}
    }

    /// What happens to messages while the store is full.
    public enum FullPolicy: String, Sendable, Hashable, CaseIterable {
        /// No more are taken: they stay with the broker, and nothing is lost as long as its queue has room.
        case wait
        /// They are taken and become dead letters with the reason `buffer-full`, which can be replayed. Of the dead
        /// letters the oldest give way in the end. For gateways that must go on hearing new readings and answers.
        case spill
    }

    /// The gateway's participant id: `iss` of its statements and common name of its certificate.
    public var id: String
    /// The member whose devices it serves.
    public var member: String
    /// The ledger that statements are for.
    public var ledger: Hash32
    /// Signs statements; registered to ``id``.
    public var signingKey: SigningKey
    /// Base address of the node, e.g. `http://127.0.0.1:8080`.
    public var node: String
    /// Where statements are posted. `/entries` (SCITT) does as well, but answers with the whole transparent statement.
    public var submissionPath = "/api/v1/transactions"
    /// Host, port and TLS files of the broker; the rest is set by the gateway.
    public var broker: MQTTConfiguration
    /// Path of the store's SQLite file.
    public var store: String

    /// Seconds that a stream is sealed with one key, unless a grant on it ends before.
    public var epochSeconds: UInt64 = 86_400
    /// When batches are closed.
    public var batch = BatchLimits()
    /// What happens while the store is full.
    public var whenFull = FullPolicy.wait
    /// Bounds of the store.
    public var limits = StoreLimits()
    /// Seconds that a statement stays valid; the node takes at most a day.
    public var validity: UInt64 = 3_600
    /// Batches of one stream that are under way to the node at once.
    public var inFlight = 32
    /// First and longest pause between attempts while the node is away, seconds.
    public var nodePauses: ClosedRange<Double> = 0.2...10
    /// First and longest pause before a rejected batch is signed and sent again, seconds.
    public var rejectionPauses: ClosedRange<Double> = 5...300
    /// How often the list of devices is read.
    public var directoryInterval: Duration = .seconds(5)
    /// How often the node is asked for commands.
    public var commandInterval: Duration = .milliseconds(300)
    /// Seconds that a device's clock may be ahead of the gateway's.
    public var clockAhead: Double = 60
    /// Seconds that a reading may be old when it arrives. Devices that keep readings over an outage need more.
    public var clockBehind: Double = 3_600
    /// Profiles by name; ``DeviceProfile/standard`` where a device's is not here.
    public var profiles: [String: DeviceProfile] = [:]
    /// Messages taken from the broker in one group, verified and stored together.
    public var receiveWindow = 4_096
    /// Puts the open claims in force at the broker; nil where no devices come in.
    public var setClaims: (@Sendable ([(id: String, salt: [UInt8], verifier: [UInt8])]) -> Void)?
    /// Has the certificate authority sign a device's request (PEM) for a common name: certificate and authority in PEM,
    /// and the SHA-256 of the certificate.
    public var signRequest:
        (@Sendable (String, String) async throws -> (pem: String, hash: [UInt8], authority: String))?
    /// The certificates at the broker and their ends; nil where somebody else keeps them.
    public var certificates: (@Sendable () -> [CertificateEnd])?
    /// Called with readings once they are durable, in order, for edge rules. Must return quickly.
    public var onAccepted: (@Sendable ([AcceptedReading]) -> Void)?
    /// A use case's own analysis at the edge.
    public var analysis: (any EdgeAnalysis)?
    /// Where the gateway reports.
    public var logger = Logger(label: "gateway")

    /// A gateway. Readings go into a stream for each owner and channel.
    public init(
        id: String, member: String, ledger: Hash32, signingKey: SigningKey, node: String, broker: MQTTConfiguration,
        store: String
    ) {
        self.id = id
        self.member = member
        self.ledger = ledger
        self.signingKey = signingKey
        self.node = node
        self.broker = broker
        self.store = store
    }
}
