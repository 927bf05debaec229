import MQTT
import SenML

/// A device at work: its connection to the broker, its key and its sequence number.
///
/// Readings leave in the order of their sequence numbers and one at a time, because a gateway refuses a number that is
/// not greater than the last. A reading that nobody took (no broker, or no gateway listening) is sent again, unchanged,
/// until it is taken.
public actor DeviceSession {
    /// Readings that may wait for the broker.
    public static let maximumWaiting = 10_000
    /// First and longest pause before a reading is sent again that no gateway was there to take.
    private static let pauses: ClosedRange<Double> = 0.1...5

    /// The device's name and keys.
    public nonisolated let identity: DeviceIdentity
    /// The member that the device belongs to.
    public nonisolated let member: String
    /// The connection; for what a session does not do itself.
    public nonisolated let client: MQTTClient
    private let sequence: SequenceFile
    private let connections: AsyncStream<Void>
    private var presence: Task<Void, Never>?
    private var last: Task<Void, any Error>?
    private var waiting = 0

    /// Makes a session and starts to connect.
    ///
    /// - Parameters:
    ///   - broker: host, port and TLS files; client id, will and subscriptions are set here.
    ///   - sequenceFile: where the sequence number lies.
    ///   - listens: subscribe to the device's commands and errors; the caller then reads ``MQTTClient/deliveries``.
    /// - Throws: ``DeviceError`` with `topic` or `sequence`, `MQTTError` with `configuration`.
    public init(
        identity: DeviceIdentity, member: String, broker: MQTTConfiguration, sequenceFile: String, listens: Bool = false
    ) throws {
        self.identity = identity
        self.member = member
        sequence = try SequenceFile(path: sequenceFile)
        let state = try DeviceTopic(member: member, device: identity.urn, kind: .state).text
        var broker = broker
        broker.clientID = identity.urn.text
        broker.will = MQTTMessage(topic: state, payload: try Self.presence(identity.urn, false), retain: true)
        if listens {
            let base = "cairn/v1/\(member)/\(identity.urn.text)"
            broker.subscriptions = ["\(base)/cmd/+", "\(base)/error"]
        }
        let (connections, connected) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.connections = connections
        broker.onStateChange = { [given = broker.onStateChange] state in
            if case .connected = state { connected.yield() }
            if case .closed = state { connected.finish() }
            given?(state)
        }
        client = try MQTTClient(broker)
    }

    /// Waits for the connection. From then on the device says at each connection that it is there (`state`, retained):
    /// when the last one was lost, the broker has said that it is not.
    public func connect(timeout: Duration? = .seconds(30)) async throws {
        try await client.connect(timeout: timeout)
        guard presence == nil else { return }
        presence = Task { [connections] in
            for await _ in connections { try? await announce(true) }
        }
    }

    /// Signs and publishes a pack; returns when the broker has taken it for a gateway that listens.
    ///
    /// - Returns: its sequence number.
    /// - Throws: ``DeviceError``: `topic`, `sequence`, `busy`; `SenMLError` with `number`; `MQTTError` when the broker
    ///   refuses the message; `CancellationError`.
    @discardableResult
    public func publish(_ pack: SenMLPack, channel: String) async throws -> UInt64 {
        try await publish(payload: try pack.json(), channel: channel)
    }

    /// Signs and publishes octets as they are.
    @discardableResult
    public func publish(payload: [UInt8], channel: String) async throws -> UInt64 {
        guard waiting < Self.maximumWaiting else {
            throw DeviceError(.busy, "\(waiting) readings of \(identity.urn) wait for the broker; try later")
        }
        let topic = try DeviceTopic(member: member, device: identity.urn, kind: .data(channel: channel)).text
        let number = try sequence.next()
        let message = DeviceMessage(signing: payload, topic: topic, sequence: number, with: identity.signingKey)
        // No suspension between taking the number and joining the queue: the queue is in the order of the numbers.
        let previous = last
        let client = client
        let turn = Task {
            // A reading that failed for good does not stop the ones after it.
            _ = await previous?.result
            try await Self.deliver(message.mqttMessage, client)
        }
        last = turn
        waiting += 1
        defer { waiting -= 1 }
        try await withTaskCancellationHandler {
            try await turn.value
        } onCancel: {
            turn.cancel()
        }
        return number
    }

    /// Says that the device is going away, and ends the connection.
    public func close() async {
        presence?.cancel()
        try? await announce(false)
        await client.close()
    }

    private func announce(_ isPresent: Bool) async throws {
        guard client.isConnected else { return }
        let topic = try DeviceTopic(member: member, device: identity.urn, kind: .state).text
        try await client.publish(
            MQTTMessage(topic: topic, payload: try Self.presence(identity.urn, isPresent), retain: true))
    }

    private static func deliver(_ message: MQTTMessage, _ client: MQTTClient) async throws {
        var pause = pauses.lowerBound
        while try await client.publish(message) == .noSubscribers {
            try await Task.sleep(for: .seconds(pause))
            pause = min(pause * 2, pauses.upperBound)
        }
    }

    private static func presence(_ urn: DeviceURN, _ isPresent: Bool) throws(SenMLError) -> [UInt8] {
        try SenMLPack(records: [SenMLRecord(name: "\(urn.text):present", value: .boolean(isPresent))]).json()
    }
}
