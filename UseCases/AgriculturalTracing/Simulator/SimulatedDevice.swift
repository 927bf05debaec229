import DeviceKit
import Foundation
import Ledger
import MQTT
import SenML
import SimulationKit

/// A simulated device with everything real but its surroundings: key, certificate, connection, sequence number.
actor SimulatedDevice {
    /// Shortest interval that a command may set, seconds.
    private static let shortestInterval = 1.0
    private static let maximumAnswers = 256

    nonisolated let device: FarmDevice
    private let model: FarmModel
    private var clock: CampaignClock
    private let pictures: String
    private let session: DeviceSession
    private let noise: SeededNoise
    private var number: UInt64 = 0
    private var interval: Double
    /// Answers to the last commands by their correlation data: the same data is the same command, carried out once.
    private var answers: [[UInt8]: String] = [:]

    init(_ device: FarmDevice, _ configuration: FarmConfiguration, model: FarmModel) throws {
        self.device = device
        self.model = model
        clock = CampaignClock(configuration)
        pictures = configuration.folder + "/pictures"
        noise = SeededNoise(seed: configuration.seed, device: device.urn.text)
        interval = device.interval
        var broker = configuration.broker
        broker.tls = try configuration.certificate(device.urn.text)
        session = try DeviceSession(
            identity: try DeviceIdentity(
                urn: device.urn, generation: configuration.keyGeneration,
                provisioningSecret: configuration.provisioningSecret),
            member: configuration.member, broker: broker,
            sequenceFile: configuration.folder + "/" + device.urn.text.replacing(":", with: "_") + ".seq", listens: true
        )
    }

    func connect() async throws { try await session.connect() }

    func close() async { await session.close() }

    // MARK: Reporting

    /// Reports at intervals, and obeys commands meanwhile.
    func run(readings: Int?) async throws {
        var sent = 0
        while readings.map({ sent < $0 }) ?? true {
            try await report()
            sent += 1
            if let readings, sent >= readings { return }
            try await Task.sleep(for: .seconds(interval))
            clock.advance(interval)
        }
    }

    /// Sends one reading now; returns its sequence number.
    @discardableResult
    func report() async throws -> UInt64 {
        number += 1
        guard device.kind == .camera else {
            let values = model.values(of: device.kind, at: clock.now, noise: noise, number: number)
            return try await send(values, at: clock.stamp)
        }
        let picture = model.picture(at: clock.now, noise: noise, number: number)
        let hash = Hash32.sha256(picture)
        try keep(picture, hash)
        return try await send(
            [
                ("sha256", nil, .octets(hash.bytes)), ("type", nil, .string("image/png")),
                ("size", "B", .number(Double(picture.count))),
            ], at: clock.stamp)
    }

    /// Weighs a box: one pack with the box's code and its weight.
    func weigh(box: String, grams: Double) async throws -> UInt64 {
        guard device.kind == .boxScale else {
            throw SimulationError(.device, "\(device.urn) is no scale")
        }
        number += 1
        return try await send([("box", nil, .string(box)), ("weight", "g", .number(grams))], at: clock.stamp)
    }

    private func send(
        _ values: [(name: String, unit: String?, value: SenMLRecord.Value)], at time: Double
    ) async throws -> UInt64 {
        var records = values.map { SenMLRecord(name: $0.name, unit: $0.unit, value: $0.value) }
        records[0].baseName = device.urn.text + ":"
        records[0].baseTime = time
        return try await session.publish(SenMLPack(records: records), channel: device.kind.channel)
    }

    /// The picture stays off the ledger, under the hash that is on it.
    private func keep(_ picture: [UInt8], _ hash: Hash32) throws {
        do {
            try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
            try Foundation.Data(picture).write(
                to: URL(fileURLWithPath: "\(pictures)/\(hash.hex).png"), options: .atomic)
        } catch {
            throw SimulationError(.picture, "cannot store a picture in \(pictures): \(error.localizedDescription)")
        }
    }

    // MARK: Commands

    private struct IntervalCommand: Codable {
        var seconds: Double
    }

    /// Obeys `cmd/interval {"seconds": …}` and `cmd/read`, and answers under `…/reply`; runs until the session is
    /// closed.
    func obey() async throws {
        for try await messages in session.client.deliveries {
            for message in messages {
                guard case .command(let name) = try? DeviceTopic(message.topic).kind else { continue }
                // Answers go where the broker lets a device answer, whatever else was asked for.
                let reply = try DeviceTopic(member: session.member, device: device.urn, kind: .reply(name: name))
                var answer = MQTTMessage(topic: reply.text, payload: Array(try await execute(name, message).utf8))
                answer.correlationData = message.correlationData
                answer.contentType = "application/json"
                try await session.client.publish(answer)
            }
        }
    }

    private func execute(_ name: String, _ message: MQTTMessage) async throws -> String {
        guard let correlation = message.correlationData else { return try await carryOut(name, message) }
        if let known = answers[correlation] { return known }
        if answers.count >= Self.maximumAnswers { answers.removeAll() }
        let answer = try await carryOut(name, message)
        answers[correlation] = answer
        return answer
    }

    private func carryOut(_ name: String, _ message: MQTTMessage) async throws -> String {
        switch name {
        case "interval":
            let command = try? JSONDecoder().decode(IntervalCommand.self, from: Foundation.Data(message.payload))
            guard let command, command.seconds.isFinite, command.seconds >= Self.shortestInterval else {
                return #"{"ok":false,"error":"send {\"seconds\": n} with n of at least 1"}"#
            }
            interval = command.seconds
            return #"{"ok":true,"seconds":\#(command.seconds)}"#
        case "read": return #"{"ok":true,"seq":"\#(try await report())"}"#
        default: return #"{"ok":false,"error":"this device knows interval and read"}"#
        }
    }
}
