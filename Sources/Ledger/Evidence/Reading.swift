/// One device message as a gateway received it; the leaf of its batch's Merkle tree.
public struct Reading: Sendable, Hashable {
    /// What a gateway found about a reading; bad readings are kept and marked.
    public struct Quality: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        public static let outOfRange = Quality(rawValue: 1)
        public static let frozen = Quality(rawValue: 2)
        public static let clockSkew = Quality(rawValue: 4)
        public static let sequenceGap = Quality(rawValue: 8)
        public static let rateOfChange = Quality(rawValue: 16)
        public static let calibrationAge = Quality(rawValue: 32)
        /// Its time lies before that of a reading which came earlier.
        public static let outOfOrder = Quality(rawValue: 64)
        /// The sensor said that it has no value.
        public static let noValue = Quality(rawValue: 128)

        /// Whether a contract may act on the value: when it was measured is known, and there is one.
        public var isFitForContracts: Bool { isDisjoint(with: [.clockSkew, .noValue, .outOfRange, .frozen]) }
    }

    static let version: UInt64 = 1

    public let topic: String
    public let sequence: UInt64
    public let kid: Hash32
    /// SenML, JSON or CBOR, as the device sent it.
    public let payload: Bytes
    public let signature: Bytes
    /// The gateway's clock, ms since 1970.
    public let received: UInt64
    public let quality: Quality

    public init(
        topic: String, sequence: UInt64, kid: Hash32, payload: Bytes, signature: Bytes, received: UInt64,
        quality: Quality
    ) {
        self.topic = topic
        self.sequence = sequence
        self.kid = kid
        self.payload = payload
        self.signature = signature
        self.received = received
        self.quality = quality
    }

    /// `external_aad` of a device message's signature: the CBOR of `[topic, seq]`.
    public static func externalAAD(topic: String, sequence: UInt64) -> Bytes {
        var encoder = CBOREncoder(capacity: topic.utf8.count + 16)
        encoder.array(2)
        encoder.text(topic)
        encoder.unsigned(sequence)
        return encoder.bytes
    }

    public func isSigned(by key: VerifyingKey) -> Bool {
        key.kid == kid
            && COSESign1.verifyDetached(
                signature, payload: payload, externalAAD: Self.externalAAD(topic: topic, sequence: sequence), with: key)
    }

    /// The device URN, the fourth level of the topic.
    public var device: String? {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        return levels.count == 6 ? String(levels[3]) : nil
    }

    public func encoded() -> Bytes {
        var encoder = CBOREncoder(capacity: topic.utf8.count + payload.count + 140)
        encoder.array(8)
        encoder.unsigned(Self.version)
        encoder.text(topic)
        encoder.unsigned(sequence)
        encoder.hash(kid)
        encoder.bytes(payload)
        encoder.bytes(signature)
        encoder.unsigned(received)
        encoder.unsigned(quality.rawValue)
        return encoder.bytes
    }

    public init(decoding bytes: Bytes) throws(LedgerError) {
        guard let parts = try CBOR.decode(bytes).array, parts.count == 8, parts[0] == .unsigned(Self.version),
            let topic = parts[1].text, let sequence = parts[2].unsigned, let kid = parts[3].hash32,
            let payload = parts[4].bytes, let signature = parts[5].bytes, let received = parts[6].unsigned,
            let quality = parts[7].unsigned
        else {
            throw LedgerError(.evidence, "a reading is [1, topic, seq, kid, payload, signature, received, quality]")
        }
        self.init(
            topic: topic, sequence: sequence, kid: kid, payload: payload, signature: signature, received: received,
            quality: Quality(rawValue: quality))
    }
}
