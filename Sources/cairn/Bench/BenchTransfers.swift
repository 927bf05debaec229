import ArgumentParser
import Foundation
import Ledger
import Node
import NodeClient
import UseCaseKit

struct BenchTransfers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfers",
        abstract: "Signed transfers, one in each HTTP request, until FINAL.",
        discussion: """
            A closed loop of clients against an embedded consortium of four members in a temporary folder, on the same cores, \
            or with --network against a network's nodes, which `cairn network up` started on this machine. \
            The bound is what the cores reach when they verify the same signatures and do nothing else, measured in the same run.
            """)

    @Option(help: "Transfers to send under load.")
    var count = 40_000

    @Option(help: "Clients at once.")
    var clients = 1024

    @Option(help: "Accounts that pay each other.")
    var accounts = 1000

    @Option(help: "Transfers of the lone client.")
    var alone = 1000

    @Option(help: "Folder of a network that is up; its participants' keys pay.")
    var network: String?

    @Option(help: "table or json.")
    var output = Output.table

    func run() async throws {
        if let network { return try await measureNetwork(URL(filePath: network)).show(output) }
        let folder = URL.temporaryDirectory.appending(path: "cairn-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = try ConsortiumOptions.parse([])
        options.port = 0
        var configuration = try options.configuration(useCases[0], field: false, folder: folder)
        configuration.extraParticipants = (0..<accounts).map {
            .init("account-\($0)", member: "retail", name: "Account \($0)", roles: [])
        }
        var report = try await EmbeddedConsortium.run(configuration) { running in try await measure(running) }
        report.bytesPerTransaction =
            try Self.diskBytes(folder, members: report.replicas) / Double(report.operations + alone)
        try report.show(output)
    }

    private func measure(_ running: EmbeddedConsortium.Running) async throws -> BenchReport {
        let platform = running.platform
        let keys = try (0..<accounts).map { try platform.keys.keyOrNew(of: "account-\($0)") }
        guard let port = URL(string: running.address)?.port, let issuer = try platform.keys.key(of: "accreditor") else {
            throw Failure(.configuration, "the consortium has no issuer")
        }
        Console.note("Issuing to \(accounts) accounts …")
        let issues = try (0..<accounts).map { account in
            try statement("issue", from: ("accreditor", issuer), to: account, amount: 1_000_000, platform.node.ledger)
        }
        let issued = try await LoadGenerator(port: port, connections: 64).run(issues.map(\.bytes))
        guard issued.refused == 0 else { throw Failure(.failed, "\(issued.refused) issues were refused") }
        Console.note("Signing \(count + alone) transfers …")
        let transfers = try (0..<count + alone).map { index in
            let payer = index % accounts
            return try statement(
                "transfer", from: ("account-\(payer)", keys[payer]),
                to: (payer + 1 + index / accounts % (accounts - 1)) % accounts,
                amount: 1, platform.node.ledger)
        }
        let byKid = Dictionary(uniqueKeysWithValues: keys.map { ($0.kid, $0.verifyingKey) })
        Console.note("Measuring the bound …")
        let fallback = keys[0].verifyingKey
        let sample = Array(transfers.prefix(2000))
        let bound = VerificationRate.measure(count: sample.count, seconds: 3) { index in
            sample[index].isSigned(by: byKid[sample[index].kid] ?? fallback)
        }
        Console.note("One client alone …")
        let lone = try await LoadGenerator(port: port, connections: 1).run(transfers.suffix(alone).map(\.bytes))
        Console.note("\(clients) clients …")
        let before = ProcessTime.seconds
        let height = platform.node.finalHeight
        let loaded = try await LoadGenerator(port: port, connections: clients).run(transfers.prefix(count).map(\.bytes))
        let used = ProcessTime.seconds - before
        let blocks = platform.node.finalHeight - height
        let violations = try platform.node.violations()
        guard loaded.refused == 0, lone.refused == 0, violations.isEmpty else {
            throw Failure(
                .failed,
                "\(loaded.refused + lone.refused) transfers were refused; \(violations.joined(separator: "; "))")
        }
        return BenchReport(
            throughput: Double(loaded.latencies.count) / loaded.seconds, bound: bound,
            boundIs: "signatures verified/s", finalityP50Ms: Percentile.of(0.5, lone.latencies),
            finalityP99Ms: Percentile.of(0.99, lone.latencies), bytesPerTransaction: 0,
            replicas: platform.node.replicas.count, operations: count,
            loadedP50Ms: Percentile.of(0.5, loaded.latencies),
            loadedP99Ms: Percentile.of(0.99, loaded.latencies),
            cpuMicrosPerTransaction: used * 1e6 / Double(count),
            transactionsPerBlock: Double(count) / Double(max(1, blocks)))
    }

    private func statement(
        _ name: String, from payer: (id: String, key: SigningKey), to payee: Int, amount: UInt64, _ ledger: Hash32
    ) throws -> Statement {
        try Self.statement(name, from: payer, to: "account-\(payee)", amount: amount, ledger)
    }

    static func statement(
        _ name: String, from payer: (id: String, key: SigningKey), to payee: String, amount: UInt64, _ ledger: Hash32
    ) throws -> Statement {
        try Statement.sign(
            Ledger.Operation(
                "wallet", name,
                [("to", .text(payee)), ("amount", .unsigned(amount)), ("currency", "XPT")]),
            issuer: payer.id, subject: payee, validUntil: UInt64(Date().timeIntervalSince1970) + 3600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: ledger, with: payer.key)
    }

    /// Bytes of one replica's database on average, after its log was merged.
    static func diskBytes(_ folder: URL, members: Int) throws -> Double {
        var total = 0
        for member in try FileManager.default.contentsOfDirectory(
            at: folder.appending(path: "members"), includingPropertiesForKeys: nil)
        {
            let path = member.appending(path: "ledger.sqlite").path
            total += (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        }
        return Double(total) / Double(members)
    }
}
