import Foundation
import Gateway
import Logging
import SenML

/// Something that is read by calls which block; made and used on one thread.
protocol BlockingReader {
    /// The records of one reading, with the device's name and the time.
    func read() throws(FieldInputError) -> [SenMLRecord]
}

/// Reads a Modbus server or a phasor measurement unit at intervals, and makes each round one signed reading.
public struct InputPoller: Sendable {
    let adapter: Adapter
    let interval: Double
    let logger: Logger

    /// nil for an adapter that reads nothing by itself.
    public init?(_ adapter: Adapter, logger: Logger) {
        let configuration = adapter.configuration
        guard let interval = configuration.modbus?.interval ?? configuration.synchrophasor?.interval else { return nil }
        self.adapter = adapter
        self.interval = interval
        self.logger = logger
    }

    /// Runs until the task is cancelled. What does not answer is asked again at the next interval.
    public func run() async throws {
        let (rounds, queue) = AsyncStream.makeStream(of: [SenMLRecord].self, bufferingPolicy: .bufferingNewest(16))
        let (interval, logger, configuration) = (interval, logger, adapter.configuration)
        let urn = configuration.urn
        // The readers block, so they have a thread of their own.
        let reading = ThreadFlag()
        Thread.detachNewThread {
            guard let reader = Self.reader(configuration) else { return queue.finish() }
            var wasReachable = true
            while !reading.isStopped {
                let begun = Date()
                do {
                    queue.yield(try reader.read())
                    wasReachable = true
                } catch {
                    if wasReachable { logger.warning("\(urn): \(error)") }
                    wasReachable = false
                }
                // In steps, so that it ends soon after it is told to.
                while !reading.isStopped, Date().timeIntervalSince(begun) < interval {
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

    private static func reader(_ configuration: AdapterConfiguration) -> (any BlockingReader)? {
        if let modbus = configuration.modbus { return ModbusReader(modbus, urn: configuration.urn) }
        return configuration.synchrophasor.map { SynchrophasorReader($0, urn: configuration.urn) }
    }
}
