import DeviceKit
import FishFarmingGateway
import Foundation
import Ledger
import MQTT
import SenML

/// What stands at a simulated pond.
public struct PondDevice: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case probe = "pond-probe"
        case secondProbe = "pond-probe-2"
        case aerator, feeder

        /// The profile by which the ledger's record names it.
        public var profile: String {
            switch self {
            case .probe, .secondProbe: "pond-probe"
            case .aerator: "pond-aerator"
            case .feeder: "pond-feeder"
            }
        }
    }

    public let kind: Kind
    public let urn: DeviceURN

    /// One device of each kind. 32473 is the enterprise number for examples (RFC 5612).
    public static func oneOfEach(pond: String) throws(DeviceError) -> [PondDevice] {
        var devices: [PondDevice] = []
        for kind in Kind.allCases {
            devices.append(
                PondDevice(
                    kind: kind,
                    urn: try DeviceURN("urn:dev:ops:32473-\(kind.rawValue.replacing("-", with: ""))-\(pond)")))
        }
        return devices
    }
}

/// How a pond is simulated.
public struct PondConfiguration: Sendable {
    public var member: String
    public var devices: [PondDevice]
    public var broker: MQTTConfiguration
    public var certificate: @Sendable (String) throws -> MQTTConfiguration.TLS
    public var provisioningSecret: [UInt8]
    public var generation: UInt64 = 1
    /// For sequence numbers.
    public var folder: String
    /// Seconds between two readings.
    public var interval = 1.0
    /// Simulated seconds for each real one.
    public var acceleration = 60.0
    /// A measured series that the second probe replays; nil lets it measure the pond.
    public var series: OxygenSeries?

    public init(
        member: String, devices: [PondDevice], broker: MQTTConfiguration, provisioningSecret: [UInt8], folder: String,
        certificate: @escaping @Sendable (String) throws -> MQTTConfiguration.TLS
    ) {
        self.member = member
        self.devices = devices
        self.broker = broker
        self.provisioningSecret = provisioningSecret
        self.folder = folder
        self.certificate = certificate
    }
}

/// A pond whose devices report over real MQTT with real keys, and whose water answers to its aerator.
public actor PondSimulation {
    public nonisolated let configuration: PondConfiguration
    private nonisolated let sessions: [PondDevice.Kind: DeviceSession]
    private let begun = ContinuousClock.now
    private var model = PondModel()
    private var hour = 17.0
    private var advanced = ContinuousClock.now
    private var isAerating = false
    /// Somebody switched by hand; until then the gateway's commands are refused.
    private var manualUntil: ContinuousClock.Instant?
    private var isBroken = false
    private var frozen: Double?
    private var grams = 0.0
    private var answers: [[UInt8]: String] = [:]
    private var obeying: [Task<Void, Never>] = []

    private static let maximumAnswers = 256
    /// What a running aerator draws, W.
    private static let power = 750.0
    /// What its controller, which has a battery, measures of the mains, V.
    private static let mains = 230.0

    public init(_ configuration: PondConfiguration) throws {
        self.configuration = configuration
        try FileManager.default.createDirectory(
            atPath: configuration.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var sessions: [PondDevice.Kind: DeviceSession] = [:]
        for device in configuration.devices {
            var broker = configuration.broker
            broker.tls = try configuration.certificate(device.urn.text)
            sessions[device.kind] = try DeviceSession(
                identity: try Self.identity(of: device, configuration), member: configuration.member, broker: broker,
                sequenceFile: configuration.folder + "/" + device.urn.text.replacing(":", with: "_") + ".seq",
                listens: true)
        }
        self.sessions = sessions
    }

    public static func identity(of device: PondDevice, _ configuration: PondConfiguration) throws -> DeviceIdentity {
        try DeviceIdentity(
            urn: device.urn, generation: configuration.generation,
            provisioningSecret: configuration.provisioningSecret)
    }

    /// Connects all devices; from then on they obey.
    public func connect() async throws {
        for device in configuration.devices {
            guard let session = sessions[device.kind] else { continue }
            try await session.connect(timeout: nil)
            obeying.append(Task { [weak self] in try? await self?.obey(device.kind, session) })
        }
    }

    public func close() async {
        for task in obeying { task.cancel() }
        for session in sessions.values { await session.close() }
    }

    /// Reports until cancelled.
    public func run() async throws {
        while true {
            for device in configuration.devices { try await report(device.kind) }
            try await Task.sleep(for: .seconds(configuration.interval))
        }
    }

    // MARK: What a scenario does to the pond

    /// Puts the water into a state, as a bloom that dies does.
    public func set(oxygen: Double, hour: Double? = nil) {
        pass()
        model.oxygen = oxygen
        if let hour { self.hour = hour }
    }

    public func breakAerator(_ isBroken: Bool) { self.isBroken = isBroken }
    public func freezeProbe(_ isFrozen: Bool) { frozen = isFrozen ? model.oxygen : nil }
    public var oxygen: Double { model.oxygen }
    public var isRunning: Bool { isAerating && !isBroken }

    private func pass() {
        let now = ContinuousClock.now
        let seconds =
            Double((now - advanced).components.seconds) + Double((now - advanced).components.attoseconds) / 1e18
        advanced = now
        model.running = isRunning ? 1 : 0
        let simulated = seconds * configuration.acceleration
        model.advance(hour: hour, seconds: simulated)
        hour = (hour + simulated / 3600).truncatingRemainder(dividingBy: 24)
    }

    // MARK: Reporting

    /// Sends a reading of a device now.
    ///
    /// - Returns: its sequence number.
    /// - Throws: ``PondError`` with `device` where the pond has none of this kind; what publishing throws.
    @discardableResult
    public func report(_ kind: PondDevice.Kind) async throws -> UInt64 {
        pass()
        guard let session = sessions[kind] else { throw PondError(.device, "the pond has no \(kind.rawValue)") }
        var records = records(of: kind)
        records[0].baseName = session.identity.urn.text + ":"
        records[0].baseTime = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        return try await session.publish(SenMLPack(records: records), channel: Self.channel(of: kind))
    }

    private static func channel(of kind: PondDevice.Kind) -> String {
        switch kind {
        case .probe, .secondProbe: "water"
        case .aerator: "aerator"
        case .feeder: "feed"
        }
    }

    private func records(of kind: PondDevice.Kind) -> [SenMLRecord] {
        func record(_ name: String, _ unit: String?, _ value: Double, _ digits: Double = 100) -> SenMLRecord {
            SenMLRecord(name: name, unit: unit, value: .number((value * digits).rounded() / digits))
        }
        switch kind {
        case .probe, .secondProbe:
            var (oxygen, temperature) = (frozen ?? model.oxygen, model.temperature)
            if kind == .secondProbe {
                let elapsed = Double((ContinuousClock.now - begun).components.seconds) * configuration.acceleration
                let sample = configuration.series?.sample(after: elapsed)
                oxygen = sample?.oxygen ?? model.oxygen
                temperature = sample?.temperature ?? model.temperature
            }
            return [
                record("oxygen", "mg/l", oxygen), record("temperature", "Cel", temperature),
                record("acidity", "pH", model.acidity), record("ammonia", "mg/l", model.ammonia, 1000),
                record("unionised", "mg/l", model.poison, 10_000),
            ]
        case .aerator:
            return [
                record("power", "W", isRunning ? Self.power : 0), record("running", nil, isRunning ? 1 : 0),
                record("manual", nil, manualUntil == nil ? 0 : 1), record("mains", "V", Self.mains),
            ]
        case .feeder:
            defer { grams = 0 }
            return [record("grams", "g", grams)]
        }
    }

    // MARK: Obeying

    private func obey(_ kind: PondDevice.Kind, _ session: DeviceSession) async throws {
        for try await messages in session.client.deliveries {
            for message in messages {
                guard case .command(let name) = try? DeviceTopic(message.topic).kind else { continue }
                let reply = try DeviceTopic(
                    member: session.member, device: session.identity.urn, kind: .reply(name: name))
                var answer = MQTTMessage(topic: reply.text, payload: Array(execute(kind, name, message).utf8))
                answer.correlationData = message.correlationData
                answer.contentType = "application/json"
                try await session.client.publish(answer)
                // The state that a command led to is told at once: what counts is the device's word, not the command.
                try await report(kind)
            }
        }
    }

    /// The same correlation data is the same command, carried out once.
    private func execute(_ kind: PondDevice.Kind, _ name: String, _ message: MQTTMessage) -> String {
        if let correlation = message.correlationData, let known = answers[correlation] { return known }
        let object = try? JSONSerialization.jsonObject(with: Foundation.Data(message.payload))
        let answer = carryOut(kind, name, object as? [String: Any] ?? [:])
        if answers.count >= Self.maximumAnswers { answers.removeAll() }
        if let correlation = message.correlationData { answers[correlation] = answer }
        return answer
    }

    private func carryOut(_ kind: PondDevice.Kind, _ name: String, _ arguments: [String: Any]) -> String {
        pass()
        switch (kind, name) {
        case (.aerator, "aerate"):
            guard let isOn = (arguments["on"] as? NSNumber)?.doubleValue else {
                return #"{"ok":false,"error":"send {\"on\": 0 or 1}"}"#
            }
            // A command with an end comes from a person; until then the gateway's wait.
            if let minutes = (arguments["minutes"] as? NSNumber)?.doubleValue, (0...1440).contains(minutes) {
                manualUntil = minutes > 0 ? ContinuousClock.now + .seconds(minutes * 60) : nil
            } else if let until = manualUntil, until > .now {
                return #"{"ok":false,"error":"switched by hand; try again later"}"#
            } else {
                manualUntil = nil
            }
            isAerating = isOn > 0
            return isRunning == (isOn > 0)
                ? #"{"ok":true,"running":\#(isRunning ? 1 : 0)}"# : #"{"ok":false,"error":"the motor does not start"}"#
        case (.feeder, "feed"):
            guard let amount = (arguments["grams"] as? NSNumber)?.doubleValue, (1...1_000_000).contains(amount) else {
                return #"{"ok":false,"error":"send {\"grams\": n}"}"#
            }
            grams += amount
            return #"{"ok":true,"grams":\#(amount)}"#
        case (.probe, "read"), (.secondProbe, "read"): return #"{"ok":true}"#
        default: return #"{"ok":false,"error":"no such command"}"#
        }
    }
}
