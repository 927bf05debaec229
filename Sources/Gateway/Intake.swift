import DeviceKit
import Foundation
import Ledger
import Logging
import MQTT

/// Turns groups of messages into durable readings: verify in parallel, judge in order, store in one transaction.
actor Intake {
    private struct DeviceState {
        let id: Int64
        var last: UInt64
        var marker = QualityMarker()
    }

    private let configuration: GatewayConfiguration
    private let directory: DeviceDirectory
    private let store: GatewayStore
    private let batcher: Batcher
    private let board: CounterBoard
    private let turnstile = Turnstile()
    private let cores = ProcessInfo.processInfo.activeProcessorCount
    private var devices: [String: DeviceState] = [:]
    private var streams: [String: (id: Int64, next: UInt64)] = [:]
    private var rules = RuleBook()
    private var ruleOwners: Set<String> = []
    private let actions: AsyncStream<RuleAction>.Continuation

    init(
        _ configuration: GatewayConfiguration, directory: DeviceDirectory, store: GatewayStore, batcher: Batcher,
        board: CounterBoard, actions: AsyncStream<RuleAction>.Continuation
    ) throws {
        self.configuration = configuration
        self.directory = directory
        self.store = store
        self.batcher = batcher
        self.board = board
        self.actions = actions
        for device in try store.devices() { devices[device.urn] = DeviceState(id: device.id, last: device.last) }
        for stream in try store.streamsAtStart() { streams[stream.name] = (stream.id, stream.next) }
    }

    /// Puts edge rules in force, by owner.
    func setRules(_ sets: [String: RuleSet]) async {
        try? await turnstile.pass {
            for owner in ruleOwners.union(sets.keys) { rules.set(sets[owner], of: owner) }
            ruleOwners = Set(sets.keys)
        }
    }

    /// Puts messages that cannot be stored as readings now to the dead letters.
    func spill(_ messages: [MQTTMessage], received: UInt64) async throws -> [MessageOutcome] {
        try await turnstile.pass {
            let refusal = Refusal(.bufferFull, "the gateway's store is full; replay the message when it has room")
            var judgement = Judgement(devices: devices, streams: streams, rules: rules)
            judgement.group.deadLetters = messages.map { DeadLetter($0, refusal, received: received) }
            judgement.outcomes = messages.map { _ in .refused(refusal) }
            try await keep(judgement)
            return judgement.outcomes
        }
    }

    /// Takes a group; when this returns, it is durable.
    ///
    /// - Parameters:
    ///   - received: the gateway's clock, ms since 1970.
    ///   - keepsRefused: put refused messages to the dead letters; a replay does not, for its message is there already.
    /// - Returns: what became of each message, in order.
    func process(
        _ messages: [MQTTMessage], received: UInt64, keepsRefused: Bool = true
    ) async throws -> [MessageOutcome] {
        try await turnstile.pass {
            let results = await verify(messages, received: received)
            var judgement = Judgement(devices: devices, streams: streams, rules: rules)
            for (message, result) in zip(messages, results) {
                let outcome: MessageOutcome
                switch result {
                case .failure(let refusal): outcome = .refused(refusal)
                case .success(let verified):
                    outcome = try await judge(verified, received: received, in: &judgement)
                }
                if case .refused(let refusal) = outcome, keepsRefused {
                    judgement.group.deadLetters.append(DeadLetter(message, refusal, received: received))
                }
                judgement.outcomes.append(outcome)
            }
            try await keep(judgement)
            return judgement.outcomes
        }
    }

    // MARK: Verification

    private func verify(_ messages: [MQTTMessage], received: UInt64) async -> [Result<VerifiedMessage, Refusal>] {
        let list = directory.current
        let verifier = MessageVerifier(member: configuration.member, register: list.register)
        var results = await verifier.verify(messages, received: received, cores: cores)
        // A device that was enrolled a moment ago is not in the list yet: read it again, once, before refusing.
        let unknown = results.indices.filter { index in
            if case .failure(let refusal) = results[index] { refusal.reason == .unknownDevice } else { false }
        }
        let strangers = Set(unknown.compactMap { try? DeviceTopic(messages[$0].topic).device.text })
        if unknown.isEmpty { return results }
        await directory.refresh(forKeysOf: strangers)
        // The list may have been read by the timer meanwhile; what counts is whether it is another one now.
        let newer = directory.current
        guard newer.revision != list.revision else { return results }
        let second = MessageVerifier(member: configuration.member, register: newer.register)
        let again = await second.verify(unknown.map { messages[$0] }, received: received, cores: cores)
        for (index, result) in zip(unknown, again) { results[index] = result }
        return results
    }

    // MARK: Judgement

    /// What a group changes, kept apart from the state until it is durable.
    private struct Judgement {
        var devices: [String: DeviceState]
        var streams: [String: (id: Int64, next: UInt64)]
        var rules: RuleBook
        var actions: [RuleAction] = []
        var group = IntakeGroup()
        var accepted: [AcceptedReading] = []
        var outcomes: [MessageOutcome] = []
        /// Signatures of this group by device and sequence number.
        var signatures: [Int64: [UInt64: Bytes]] = [:]
    }

    private func judge(
        _ verified: VerifiedMessage, received: UInt64, in judgement: inout Judgement
    ) async throws -> MessageOutcome {
        let urn = verified.topic.device.text
        let known = judgement.devices[urn]
        var device = known ?? DeviceState(id: Int64(judgement.devices.count) + 1, last: 0)
        let sequence = verified.message.sequence
        if known != nil && sequence <= device.last {
            return try await judgeRepetition(verified, device: device, received: received, in: &judgement)
        }
        let profile = configuration.profiles[verified.profile] ?? .standard
        var quality = device.marker.mark(
            verified.records, profile: profile, received: Double(received) / 1000,
            gap: known != nil && sequence > device.last + 1, ahead: configuration.clockAhead,
            behind: configuration.clockBehind)
        quality.formUnion(applyRules(verified, received: received, in: &judgement))
        device.last = sequence
        judgement.devices[urn] = device
        judgement.group.devices[device.id] = (urn, sequence)
        place(verified, device: device.id, quality: quality, received: received, in: &judgement)
        return .accepted
    }

    /// Marks that edge rules set; what else they ask for is kept with the group.
    private func applyRules(
        _ verified: VerifiedMessage, received: UInt64, in judgement: inout Judgement
    ) -> Reading.Quality {
        var quality: Reading.Quality = []
        for record in verified.records {
            guard let value = record.number else { continue }
            let reading = RuleReading(
                device: verified.topic.device.text, profile: verified.profile, owner: verified.owner,
                quantity: DeviceProfile.quantity(of: record.name), value: value, time: record.time)
            for action in judgement.rules.evaluate(reading, now: Double(received) / 1000) {
                switch action.action {
                case .mark(let mark): quality.formUnion(Reading.Quality(mark))
                case .event(let name):
                    let event = RuleEvent(action)
                    judgement.group.events.append(
                        OutboxEntry(
                            purpose: event.purpose(name), subject: reading.device,
                            operation: event.operation(device: reading.device, name: name)))
                case .command: judgement.actions.append(action)
                }
            }
        }
        return quality
    }

    private func place(
        _ verified: VerifiedMessage, device: Int64, quality: Reading.Quality, received: UInt64,
        in judgement: inout Judgement
    ) {
        let name = verified.stream
        let stream = judgement.streams[name] ?? (Int64(judgement.streams.count) + 1, 0)
        judgement.streams[name] = (stream.id, stream.next + 1)
        judgement.group.streams[stream.id] = (name, stream.next + 1)
        let encoded = verified.message.reading(received: received, quality: quality).encoded()
        judgement.signatures[device, default: [:]][verified.message.sequence] = verified.message.signature
        judgement.group.readings.append(
            PlacedReading(
                stream: stream.id, position: stream.next, device: device, sequence: verified.message.sequence,
                earliest: verified.earliest, latest: verified.latest, encoded: encoded,
                signature: verified.message.signature))
        judgement.accepted.append(
            AcceptedReading(
                device: verified.topic.device, channel: verified.channel, sequence: verified.message.sequence,
                records: verified.records, quality: quality, received: received))
    }

    /// A sequence number that is not greater than the last: the same message again, or another one that reuses it.
    private func judgeRepetition(
        _ verified: VerifiedMessage, device: DeviceState, received: UInt64, in judgement: inout Judgement
    ) async throws -> MessageOutcome {
        let message = verified.message
        var known = judgement.signatures[device.id]?[message.sequence]
        if known == nil { known = try await store.signature(device: device.id, sequence: message.sequence) }
        // The signature was verified over topic, number and payload: the same signature is the same message.
        if known == message.signature { return .duplicateDelivery }
        // Another message under the same key and number: the ledger hears of it once a day for a device.
        if known != nil {
            let urn = verified.topic.device.text
            judgement.group.events.append(
                OutboxEntry(
                    purpose: "event/clone/\(urn)/\(received / 86_400_000)", subject: urn,
                    operation: Ledger.Operation(
                        "devices", "event",
                        [
                            ("device", .text(urn)), ("name", "clone"), ("at", .unsigned(received)),
                            ("details", .bytes(Array(#"{"sequence":\#(message.sequence)}"#.utf8))),
                        ])))
        }
        return .refused(
            Refusal(.duplicate, "sequence number \(message.sequence) is not greater than the last, \(device.last)"))
    }

    // MARK: Keeping

    private func keep(_ judgement: Judgement) async throws {
        if !judgement.group.isEmpty {
            let group = judgement.group
            try await store.persist { [store] in try await store.commit(group) }
        }
        devices = judgement.devices
        streams = judgement.streams
        rules = judgement.rules
        for action in judgement.actions { actions.yield(action) }
        count(judgement)
        guard !judgement.accepted.isEmpty else { return }
        configuration.onAccepted?(judgement.accepted)
        if let analysis = configuration.analysis {
            try await keep(findings: await analysis.observe(judgement.accepted))
        }
        let names = judgement.group.streams.mapValues(\.name)
        try await batcher.append(judgement.group.readings, names: names)
    }

    /// What an analysis finds goes the way of what rules find.
    private func keep(findings: [EdgeFinding]) async throws {
        guard !findings.isEmpty else { return }
        var group = IntakeGroup()
        group.events = findings.map { OutboxEntry(purpose: $0.purpose, subject: $0.subject, operation: $0.operation) }
        let events = group
        try await store.persist { [store] in try await store.commit(events) }
    }

    /// Lets the analysis see that time passes.
    func tick(_ now: Double) async throws {
        guard let analysis = configuration.analysis else { return }
        try await turnstile.pass { try await keep(findings: await analysis.tick(now)) }
    }

    private func count(_ judgement: Judgement) {
        var results: [String: UInt64] = [:]
        for outcome in judgement.outcomes {
            switch outcome {
            case .accepted: results["accepted", default: 0] += 1
            case .duplicateDelivery: results["duplicate-delivery", default: 0] += 1
            case .refused(let refusal): results[refusal.reason.rawValue, default: 0] += 1
            }
        }
        let accepted = judgement.accepted.count
        board.update { counters in
            for (result, count) in results { counters.messages[result, default: 0] += count }
            counters.backlog += accepted
        }
    }
}
