import ArgumentParser
import Foundation

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a consortium against a stated bound, in one run.",
        subcommands: [BenchTransfers.self, BenchReadings.self])
}

/// What a benchmark prints.
struct BenchReport: Encodable {
    /// FINAL operations a second.
    var throughput: Double
    /// What it is compared with, operations a second.
    var bound: Double
    var boundIs: String
    var ratio: Double { throughput / bound }
    /// ms, one client alone.
    var finalityP50Ms: Double
    var finalityP99Ms: Double
    /// Of the database of one replica.
    var bytesPerTransaction: Double?
    var replicas: Int
    var operations: Int
    /// ms under load, where it is measured for each operation.
    var loadedP50Ms: Double?
    var loadedP99Ms: Double?
    /// CPU time of the whole process under load, user and system, µs for each operation.
    var cpuMicrosPerTransaction: Double?
    /// Under load.
    var transactionsPerBlock: Double?

    enum CodingKeys: String, CodingKey {
        case throughput, bound, boundIs, ratio, finalityP50Ms, finalityP99Ms, bytesPerTransaction, replicas, operations
        case loadedP50Ms, loadedP99Ms, cpuMicrosPerTransaction, transactionsPerBlock
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(throughput, forKey: .throughput)
        try values.encode(bound, forKey: .bound)
        try values.encode(boundIs, forKey: .boundIs)
        try values.encode(ratio, forKey: .ratio)
        try values.encode(finalityP50Ms, forKey: .finalityP50Ms)
        try values.encode(finalityP99Ms, forKey: .finalityP99Ms)
        try values.encodeIfPresent(bytesPerTransaction, forKey: .bytesPerTransaction)
        try values.encode(replicas, forKey: .replicas)
        try values.encode(operations, forKey: .operations)
        try values.encodeIfPresent(loadedP50Ms, forKey: .loadedP50Ms)
        try values.encodeIfPresent(loadedP99Ms, forKey: .loadedP99Ms)
        try values.encodeIfPresent(cpuMicrosPerTransaction, forKey: .cpuMicrosPerTransaction)
        try values.encodeIfPresent(transactionsPerBlock, forKey: .transactionsPerBlock)
    }

    func show(_ output: Output) throws {
        guard output == .table else { return try Console.json(self) }
        func line(_ name: String, _ value: String) {
            Console.print(name.padding(toLength: 28, withPad: " ", startingAt: 0) + value)
        }
        line("FINAL per second", String(format: "%.0f", throughput))
        line(boundIs, String(format: "%.0f", bound))
        line("ratio", String(format: "%.2f", ratio))
        line("to FINAL, one client", String(format: "p50 %.1f ms, p99 %.1f ms", finalityP50Ms, finalityP99Ms))
        if let loadedP50Ms, let loadedP99Ms {
            line("to FINAL, under load", String(format: "p50 %.1f ms, p99 %.1f ms", loadedP50Ms, loadedP99Ms))
        }
        if let cpuMicrosPerTransaction { line("CPU time, each", String(format: "%.0f µs", cpuMicrosPerTransaction)) }
        if let transactionsPerBlock { line("in a block, under load", String(format: "%.0f", transactionsPerBlock)) }
        if let bytesPerTransaction { line("bytes, each and replica", String(format: "%.0f", bytesPerTransaction)) }
        line("replicas", "\(replicas)")
        line("operations measured", "\(operations)")
    }
}

/// Order statistics of latencies.
enum Percentile {
    static func of(_ fraction: Double, _ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))]
    }
}

/// What this process has used of the cores.
enum ProcessTime {
    /// User and system time of all threads so far, s.
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
