/// An application message: what is published and what is received.
public struct MQTTMessage: Sendable, Hashable {
    /// Quality of service (MQTT 5 §4.3).
    public enum QualityOfService: Int32, Sendable, Hashable {
        /// Sent once, without acknowledgement.
        case atMostOnce = 0
        /// Acknowledged, may arrive twice.
        case atLeastOnce = 1
        /// Arrives once.
        case exactlyOnce = 2
    }

    /// A user property (MQTT 5 §3.3.2.3.7). Names may repeat and keep their order.
    public struct UserProperty: Sendable, Hashable {
        /// Name.
        public var name: String
        /// Value.
        public var value: String

        /// A property.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Topic name, without wildcards.
    public var topic: String
    /// The message itself.
    public var payload: [UInt8]
    /// Quality of service.
    public var qualityOfService: QualityOfService = .atLeastOnce
    /// Whether the broker keeps the message for later subscribers.
    public var retain = false
    /// MQTT 5 only; dropped on a 3.1.1 connection.
    public var userProperties: [UserProperty] = []
    /// Media type of the payload. MQTT 5 only.
    public var contentType: String?
    /// Where an answer is expected. MQTT 5 only.
    public var responseTopic: String?
    /// What an answer has to carry. MQTT 5 only.
    public var correlationData: [UInt8]?

    /// A message.
    public init(
        topic: String, payload: [UInt8], qualityOfService: QualityOfService = .atLeastOnce, retain: Bool = false,
        userProperties: [UserProperty] = []
    ) {
        self.topic = topic
        self.payload = payload
        self.qualityOfService = qualityOfService
        self.retain = retain
        self.userProperties = userProperties
    }

    /// The first user property of this name.
    public func userProperty(_ name: String) -> String? {
        userProperties.first { $0.name == name }?.value
    }
}

/// What the broker answered to a publication.
public enum MQTTPublication: Sendable, Hashable {
    /// Taken over by the broker.
    case accepted
    /// Taken, but no subscriber exists, so that nobody will get it (MQTT 5 reason code 0x10).
    case noSubscribers
}
