import DeviceKit
import EnergyTradingMetering
import Foundation
import SenML

/// The IIoT node that a meter is built into, or a stick on its P1 port: takes telegrams, and publishes what they say, signed.
public actor MeterNode {
    public static let channel = "meter"
    public static let profile = "smart-meter"

    /// Telegrams that were refused, by reason.
    public private(set) var refused: [P1Error.Code: Int] = [:]
    private let session: DeviceSession
    private var framer = P1Framer()

    public init(session: DeviceSession) {
        self.session = session
    }

    public func connect() async throws { try await session.connect() }
    public func close() async { await session.close() }

    /// What came from the port. Every whole telegram whose checksum is right becomes a message; others are counted.
    ///
    /// - Returns: sequence numbers of the messages.
    @discardableResult
    public func push(_ bytes: [UInt8]) async throws -> [UInt64] {
        var sent: [UInt64] = []
        for telegram in framer.push(bytes) {
            do {
                sent.append(try await publish(try P1Telegram(telegram, requiresChecksum: true)))
            } catch let error as P1Error {
                refused[error.code, default: 0] += 1
            }
        }
        return sent
    }

    private func publish(_ telegram: P1Telegram) async throws -> UInt64 {
        guard let imported = try telegram.imported(), let time = telegram.time else {
            throw P1Error(.value, "a meter for trading tells time and energy taken")
        }
        var records = [
            SenMLRecord(name: "imported", unit: "Wh", value: .number(Double(imported))),
            SenMLRecord(name: "exported", unit: "Wh", value: .number(Double(try telegram.exported() ?? 0))),
        ]
        if let power = try telegram.power() {
            records.append(SenMLRecord(name: "power", unit: "W", value: .number(Double(power))))
        }
        records.append(
            SenMLRecord(name: "serial", unit: nil, value: .string(telegram.serial ?? telegram.identification)))
        records[0].baseName = session.identity.urn.text + ":"
        records[0].baseTime = Double(time)
        return try await session.publish(SenMLPack(records: records), channel: Self.channel)
    }
}
