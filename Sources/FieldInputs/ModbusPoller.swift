import Foundation
import Gateway
import Logging
import SenML

/// Reads a Modbus server at intervals, and makes each round of registers one signed reading.
public struct ModbusPoller: Sendable {
    let adapter: Adapter
    let modbus: AdapterConfiguration.Modbus
    let logger: Logger

    /// nil for an adapter without Modbus.
    public init?(_ adapter: Adapter, logger: Logger) {
        guard let modbus = adapter.configuration.modbus else { return nil }
        self.adapter = adapter
        self.modbus = modbus
        self.logger = logger
    }

    /// Runs until the task is cancelled. A server that does not answer is asked again at the next interval.
    public func run() async throws {
        let (rounds, queue) = AsyncStream.makeStream(of: [SenMLRecord].self, bufferingPolicy: .bufferingNewest(16))
        let (modbus, logger, urn) = (modbus, logger, adapter.configuration.urn)
        // libmodbus blocks, so it has a thread of its own.
        let reading = ThreadFlag()
        Thread.detachNewThread {
            let reader = ModbusReader(modbus)
            var wasReachable = true
            while !reading.isStopped {
                let begun = Date()
                do {
                    queue.yield(Self.records(try reader.read(), urn: urn, at: begun))
                    wasReachable = true
                } catch {
                    if wasReachable { logger.warning("\(urn): \(error)") }
                    wasReachable = false
                }
                // In steps, so that it ends soon after it is told to.
                while !reading.isStopped, Date().timeIntervalSince(begun) < modbus.interval {
                    Thread.sleep(forTimeInterval: 0.05)
                }
            }
            queue.finish()
        }
        defer { reading.stop() }
        for await records in rounds {
            let payload = try SenMLPack(records: records).json()
            let outcome = try await adapter.take(payload, channel: adapter.configuration.channel)
            if case .refused(let refusal) = outcome { logger.warning("\(urn): \(refusal.message)") }
        }
    }

    private static func records(
        _ values: [(register: AdapterConfiguration.Register, value: Double)], urn: String, at time: Date
    ) -> [SenMLRecord] {
        var records = values.map { register, value in
            // A register can hold a float that is no number; SenML cannot.
            SenMLRecord(
                name: register.name, unit: register.unit, value: value.isFinite ? .number(value) : .string("NA"))
        }
        records[0].baseName = urn + ":"
        records[0].baseTime = (time.timeIntervalSince1970 * 1000).rounded() / 1000
        return records
    }
}
