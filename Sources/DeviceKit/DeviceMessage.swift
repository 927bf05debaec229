import Ledger
import MQTT
import SenML

/// What a device publishes: a payload with its signature, which binds topic and sequence number
/// (docs/reference/formats.md, "Device message and reading"). The signature travels as user properties beside the
/// unchanged payload.
public struct DeviceMessage: Sendable, Hashable {
    /// Names of the user properties.
    public enum Property {
        /// Key thumbprint, hexadecimal.
        public static let kid = "kid"
        /// Sequence number, decimal.
        public static let sequence = "seq"
        /// Signature, base64url without padding.
        public static let signature = "sig"
    }

    /// The topic it was published to.
    public var topic: String
    /// Strictly growing for each device.
    public var sequence: UInt64
    /// The signing key's thumbprint (RFC 9679).
    public var kid: Hash32
    /// SenML, as sent.
    public var payload: [UInt8]
    /// 64 octets.
    public var signature: [UInt8]

    /// Signs a payload for a topic.
    public init(signing payload: [UInt8], topic: String, sequence: UInt64, with key: SigningKey) {
        self.topic = topic
        self.sequence = sequence
        self.payload = payload
        kid = key.kid
        signature = COSESign1.signDetached(
            payload, externalAAD: Reading.externalAAD(topic: topic, sequence: sequence), with: key)
    }

    /// Takes a received message apart; the signature is not verified yet.
    ///
    /// - Throws: ``DeviceError``: `unsigned` when a property is missing, `malformed` when one cannot be read.
    public init(_ message: MQTTMessage) throws(DeviceError) {
        guard let kidText = message.userProperty(Property.kid),
            let sequenceText = message.userProperty(Property.sequence),
            let signatureText = message.userProperty(Property.signature)
        else {
            throw DeviceError(
                .unsigned, "the message lacks the user property kid, seq or sig; publish with MQTT 5 and sign")
        }
        guard let kid = Hash32(hex: kidText) else {
            throw DeviceError(.malformed, "kid is the key thumbprint in 64 hexadecimal digits")
        }
        guard let sequence = UInt64(sequenceText), String(sequence) == sequenceText, sequence <= UInt64(Int64.max)
        else {
            throw DeviceError(.malformed, "seq is a decimal number without sign and leading zeros, below 2^63")
        }
        guard let signature = Base64URL.decode(signatureText), signature.count == 64 else {
            throw DeviceError(.malformed, "sig is 64 octets in base64url without padding")
        }
        topic = message.topic
        payload = message.payload
        self.kid = kid
        self.sequence = sequence
        self.signature = signature
    }

    /// The message to publish, at QoS 1.
    public var mqttMessage: MQTTMessage {
        MQTTMessage(
            topic: topic, payload: payload,
            userProperties: [
                .init(Property.kid, kid.hex), .init(Property.sequence, String(sequence)),
                .init(Property.signature, Base64URL.encode(signature)),
            ])
    }

    /// Whether the key made the signature over this payload, topic and sequence number.
    public func isSigned(by key: VerifyingKey) -> Bool {
        key.kid == kid
            && COSESign1.verifyDetached(
                signature, payload: payload,
                externalAAD: Reading.externalAAD(topic: topic, sequence: sequence), with: key)
    }

    /// The reading that a gateway makes of it.
    ///
    /// - Parameter received: the gateway's clock, ms since 1970.
    public func reading(received: UInt64, quality: Reading.Quality) -> Reading {
        Reading(
            topic: topic, sequence: sequence, kid: kid, payload: payload, signature: signature, received: received,
            quality: quality)
    }
}
