import AgriculturalTracingContract
import ContractKit
import Gateway
import Ledger
import SenML

/// Tag readers at a gateway: their raw reads stay readings, and each pass of boxes becomes one statement.
public actor TagReaders: EdgeAnalysis {
    /// The channel of tag readers, on which each record is the text of a code.
    public static let channel = "tags"

    private var watches: [String: TagWatch] = [:]

    public init() {}

    public func observe(_ readings: [AcceptedReading]) -> [EdgeFinding] {
        readings.filter { $0.channel == Self.channel }.flatMap { reading in
            reading.records.compactMap { record in
                // A tag of somebody else's is no box of ours, and never a reason to lose the others.
                guard case .string(let text) = record.value, let code = try? ProductCode(path: text).path else {
                    return nil
                }
                let pass = watches[reading.device.text, default: TagWatch()].read(
                    code, at: record.time, now: Double(reading.received) / 1000)
                return pass.map { finding($0, by: reading.device.text) }
            }
        }
    }

    public func tick(_ now: Double) -> [EdgeFinding] {
        watches.keys.sorted().compactMap { reader in
            watches[reader]?.ended(by: now).map { finding($0, by: reader) }
        }
    }

    private func finding(_ pass: TagWatch.Pass, by reader: String) -> EdgeFinding {
        func milliseconds(_ seconds: Double) -> UInt64 { UInt64(max(0, seconds * 1000)) }
        let first = pass.boxes.first.map { "\(milliseconds($0.time))/\($0.code)" } ?? ""
        return EdgeFinding(
            purpose: "tracing/tags/\(reader)/\(first)", subject: reader,
            operation: Ledger.Operation(
                TracingContract.contractName, "observe",
                [
                    ("reader", .text(reader)), ("boxes", .array(pass.boxes.map { .text($0.code) })),
                    ("times", .array(pass.boxes.map { .unsigned(milliseconds($0.time)) })),
                    ("reads", .unsigned(UInt64(pass.reads))),
                ]))
    }
}
