/// Why a message was not taken. Such a message goes to the dead letters with its payload and properties.
public struct Refusal: Error, Sendable, Hashable {
    /// Stable reasons; they are metric labels, and devices read them.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The topic is not `cairn/v1/{member}/{device}/data/{channel}` of the member served here.
        case wrongTopic = "wrong-topic"
        /// The message carries no signature.
        case unsigned = "unsigned"
        /// Key id, sequence number or signature cannot be read.
        case malformedSignature = "malformed-signature"
        /// No device of this gateway has the key.
        case unknownDevice = "unknown-device"
        /// The device was revoked.
        case inactiveDevice = "inactive-device"
        /// The device's owner has not signed the terms without which nothing is collected. The payload is not kept.
        case notAgreed = "not-agreed"
        /// The key is that of another device than the topic names.
        case foreignKey = "foreign-key"
        /// The signature does not hold over payload, topic and sequence number.
        case badSignature = "bad-signature"
        /// The sequence number is not greater than the device's last, and the message differs from what was stored.
        case duplicate = "duplicate"
        /// The payload is not a valid SenML pack.
        case badSenML = "bad-senml"
        /// The store is full and the policy is to take no more readings.
        case bufferFull = "buffer-full"
        /// A time is before 1970 or after 2200.
        case badTime = "bad-time"
    }

    /// The reason.
    public var reason: Reason
    /// What was found and what to do.
    public var message: String

    /// Makes a refusal.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
