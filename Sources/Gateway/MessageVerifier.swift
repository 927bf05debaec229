import DeviceKit
import Ledger
import MQTT
import SenML

/// A message whose origin and form are in order.
struct VerifiedMessage: Sendable {
    let message: DeviceMessage
    let topic: DeviceTopic
    let channel: String
    let profile: String
    /// The owner's channel; see `StreamName`.
    let stream: String
    let owner: String
    let records: [ResolvedRecord]
    /// Times of the records, ms since 1970.
    let earliest: UInt64
    let latest: UInt64
}

/// The checks that need nothing but the message and the list of devices. They run in parallel, for most of the work of
/// a gateway is here, in the signatures.
struct MessageVerifier: Sendable {
    /// Times that a reading may have, in seconds since 1970: up to the year 2200.
    private static let times: ClosedRange<Double> = 0...7_258_118_400
    /// Fewest messages that are worth a task of their own.
    private static let smallestChunk = 32

    let member: String
    let register: DeviceRegister

    /// Checks one message.
    ///
    /// - Parameter received: when it came, ms since 1970; relative times count from it.
    func verify(_ message: MQTTMessage, received: UInt64) throws(Refusal) -> VerifiedMessage {
        let (topic, channel) = try topic(of: message)
        let signed: DeviceMessage
        do {
            signed = try DeviceMessage(message)
        } catch {
            throw Refusal(error.code == .unsigned ? .unsigned : .malformedSignature, error.message)
        }
        guard let device = register[signed.kid] else {
            throw Refusal(.unknownDevice, "no device of this gateway has the key \(signed.kid.hex); enrol the device")
        }
        guard device.urn == topic.device.text else {
            throw Refusal(.foreignKey, "the key belongs to \(device.urn), not to \(topic.device.text)")
        }
        guard device.isActive else { throw Refusal(.inactiveDevice, "\(device.urn) was revoked") }
        guard device.isAgreed else {
            throw Refusal(
                .notAgreed, "\(device.owner) has not signed the terms of this gateway; nothing is collected before")
        }
        guard signed.isSigned(by: device.key) else {
            throw Refusal(.badSignature, "the signature does not hold for payload, topic and sequence number")
        }
        guard let stream = StreamName.of(owner: device.owner, channel: channel) else {
            throw Refusal(.wrongTopic, "the channel '\(channel)' has a dot or is too long for a stream's name")
        }
        let records: [ResolvedRecord]
        do {
            records = try SenMLPack(decoding: signed.payload).resolve(now: Double(received) / 1000)
        } catch {
            throw Refusal(.badSenML, error.message)
        }
        var (earliest, latest) = (Double.infinity, -Double.infinity)
        for record in records {
            earliest = min(earliest, record.time)
            latest = max(latest, record.time)
        }
        guard Self.times.contains(earliest), Self.times.contains(latest) else {
            throw Refusal(.badTime, "a time lies before 1970 or after 2200; set the device's clock")
        }
        return VerifiedMessage(
            message: signed, topic: topic, channel: channel, profile: device.profile, stream: stream,
            owner: device.owner,
            records: records, earliest: UInt64(earliest * 1000), latest: UInt64(latest * 1000))
    }

    private func topic(of message: MQTTMessage) throws(Refusal) -> (DeviceTopic, String) {
        let topic: DeviceTopic
        do {
            topic = try DeviceTopic(message.topic)
        } catch {
            throw Refusal(.wrongTopic, error.message)
        }
        guard case .data(let channel) = topic.kind, topic.member == member else {
            throw Refusal(.wrongTopic, "readings of \(member) go to cairn/v1/\(member)/{device}/data/{channel}")
        }
        return (topic, channel)
    }

    /// Checks many messages on all cores; results in the order of the messages.
    func verify(_ messages: [MQTTMessage], received: UInt64, cores: Int) async -> [Result<VerifiedMessage, Refusal>] {
        // Two chunks for each core even out what differs in cost.
        let size = max(Self.smallestChunk, (messages.count + cores * 2 - 1) / (cores * 2))
        if messages.count <= size { return messages.map { result($0, received) } }
        let starts = stride(from: 0, to: messages.count, by: size)
        return await withTaskGroup(of: (Int, [Result<VerifiedMessage, Refusal>]).self) { group in
            for start in starts {
                group.addTask {
                    (start, messages[start..<min(start + size, messages.count)].map { result($0, received) })
                }
            }
            var chunks: [Int: [Result<VerifiedMessage, Refusal>]] = [:]
            for await (start, chunk) in group { chunks[start] = chunk }
            return starts.flatMap { chunks[$0] ?? [] }
        }
    }

    private func result(_ message: MQTTMessage, _ received: UInt64) -> Result<VerifiedMessage, Refusal> {
        do {
            return .success(try verify(message, received: received))
        } catch {
            return .failure(error)
        }
    }
}
