import DeviceKit
import Foundation
import Ledger
import MQTT

// Talking back to devices.

extension Gateway {
    /// What a device reads under its topic `error`.
    private struct Report: Codable {
        var code: String
        var message: String
        var topic: String
        var seq: String?
    }

    /// Tells the device named in the topic why its message was refused. The broker's access list has made sure that the
    /// message came from that device.
    func report(_ refusal: Refusal, on message: MQTTMessage) {
        guard let topic = try? DeviceTopic(message.topic), topic.member == configuration.member,
            let answer = try? DeviceTopic(member: topic.member, device: topic.device, kind: .error)
        else { return }
        let report = Report(
            code: refusal.reason.rawValue, message: refusal.message, topic: message.topic,
            seq: message.userProperty(DeviceMessage.Property.sequence))
        guard let octets = try? JSONEncoder().encode(report) else { return }
        var answerMessage = MQTTMessage(topic: answer.text, payload: [UInt8](octets))
        answerMessage.contentType = "application/json"
        reportQueue.yield(answerMessage)
    }

    /// Sends the reports one by one, apart from the intake: the broker's acknowledgement of a report is read by the
    /// same connection that waits for the intake.
    func sendReports() async {
        for await report in reports {
            do {
                try await client.publish(report)
            } catch {
                configuration.logger.debug("a report to a device was not sent: \(error)")
            }
        }
    }

    /// Sends a command to a device (`cmd/{name}`, QoS 1), for edge rules and for transactions that became final.
    ///
    /// - Throws: `DeviceError` with `topic`, `MQTTError`.
    /// - Returns: whether the device is there to get it.
    @discardableResult
    public func command(_ name: String, to device: DeviceURN, payload: [UInt8]) async throws -> MQTTPublication {
        let topic = try DeviceTopic(member: configuration.member, device: device, kind: .command(name: name))
        return try await client.publish(MQTTMessage(topic: topic.text, payload: payload))
    }

    /// Sends a command and waits for the device's answer (`cmd/{name}/reply` with the same correlation data).
    ///
    /// - Parameter given: correlation data; by default random. A device that sees the same again has done it already.
    ///
    /// Answers are not signed: that they come from the device is the broker's word, by certificate and access list.
    ///
    /// - Returns: the answer's payload.
    /// - Throws: ``GatewayError`` with `noReply`; `DeviceError` with `topic`; `MQTTError`; `CancellationError`.
    public func request(
        _ name: String, to device: DeviceURN, payload: [UInt8], correlation given: [UInt8]? = nil,
        timeout: Duration = .seconds(10)
    ) async throws -> [UInt8] {
        let topic = try DeviceTopic(member: configuration.member, device: device, kind: .command(name: name))
        let reply = try DeviceTopic(member: configuration.member, device: device, kind: .reply(name: name))
        var command = MQTTMessage(topic: topic.text, payload: payload)
        command.responseTopic = reply.text
        let correlation = given ?? (0..<16).map { _ in UInt8.random(in: 0...255) }
        command.correlationData = correlation
        // The answer may come before the broker's acknowledgement of the command.
        async let answer = replies.wait(for: correlation, timeout: timeout)
        if try await client.publish(command) == .noSubscribers {
            throw GatewayError(.noReply, "\(device) is not connected; try again when it is")
        }
        let message = try await answer
        guard message.topic == reply.text else {
            throw GatewayError(.noReply, "another device answered in the name of \(device)")
        }
        return message.payload
    }

    /// Brings an operation to the ledger: it is in the store when this returns, and sent until its outcome is known.
    ///
    /// - Parameter purpose: names it; what was posted under this name before is not posted again.
    func post(_ operation: Ledger.Operation, about subject: String, purpose: String) async throws {
        let entry = OutboxEntry(purpose: purpose, subject: subject, operation: operation)
        try await store.persist { [store] in try await store.insert(entry) }
    }

    /// Takes answers to commands out of a group of messages.
    func passOnReplies(_ messages: [MQTTMessage]) -> [MQTTMessage] {
        func isReply(_ message: MQTTMessage) -> Bool {
            // The suffix alone does not tell: a channel may be called so.
            guard message.topic.hasSuffix("/reply"), case .reply = try? DeviceTopic(message.topic).kind else {
                return false
            }
            return true
        }
        guard messages.contains(where: isReply) else { return messages }
        for message in messages where isReply(message) { replies.receive(message) }
        return messages.filter { !isReply($0) }
    }
}

// Devices that come and go.

extension Gateway {
    /// Whether a list of devices was read, from the node or from the disk.
    public var knowsDevices: Bool { directory.isLoaded }

    /// Devices of this gateway without a valid key: revoked, or handed to another owner.
    public var inactiveDevices: Set<String> { directory.current.register.inactive }

    /// Takes requests of new devices out of a group of messages.
    func passOnRequests(_ messages: [MQTTMessage]) async -> [MQTTMessage] {
        guard configuration.signRequest != nil, messages.contains(where: { $0.topic.hasSuffix("/provision") }) else {
            return messages
        }
        var rest: [MQTTMessage] = []
        for message in messages {
            guard let claim = ProvisioningDesk.claim(of: message.topic, member: configuration.member) else {
                rest.append(message)
                continue
            }
            await ProvisioningDesk(gateway: self).answer(message, claim: claim)
        }
        return rest
    }
}
