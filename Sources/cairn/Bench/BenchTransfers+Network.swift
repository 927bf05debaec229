import Foundation
import Keys
import Ledger
import Node
import UseCaseKit

/// Transfers by way of nodes that are processes of their own.
extension BenchTransfers {
    func measureNetwork(_ folder: URL) async throws -> BenchReport {
        let network: Network
        do { network = try Network(folder: folder) } catch let error as NetworkError {
            throw Failure(.configuration, error.description)
        }
        guard let ledger = Hash32(hex: network.ledger),
            let cast = useCases.first(where: { $0.name == network.useCase })?.cast
        else { throw Failure(.configuration, "\(folder.path) holds no network of this program") }
        let payers = try cast.participants.compactMap { participant in
            try KeyFolder(folder.appending(path: "\(participant.member)/keys")).key(of: participant.id)
                .map { (id: participant.id, key: $0) }
        }
        guard let issuer = payers.first(where: { $0.id == "accreditor" }), payers.count > 1 else {
            throw Failure(.configuration, "the network has no issuer of points; make one of agricultural-tracing")
        }
        let ports = network.members.map(\.port)
        let issues = try payers.map {
            try Self.statement("issue", from: issuer, to: $0.id, amount: 1_000_000_000, ledger)
        }
        let issued = try await LoadGenerator(ports: ports, connections: 4).run(issues.map(\.bytes))
        guard issued.refused == 0 else { throw Failure(.failed, "\(issued.refused) issues were refused") }
        Console.note("Signing \(count + alone) transfers …")
        let transfers = try (0..<count + alone).map { index in
            let payer = payers[index % payers.count]
            return try Self.statement(
                "transfer", from: payer, to: payers[(index + 1) % payers.count].id, amount: 1, ledger)
        }
        Console.note("Measuring the bound …")
        let sample = Array(transfers.prefix(2000))
        let keys = payers.map(\.key.verifyingKey)
        let bound = VerificationRate.measure(count: sample.count, seconds: 3) { index in
            sample[index].isSigned(by: keys[index % keys.count])
        }
        Console.note("One client alone …")
        let lone = try await LoadGenerator(ports: ports, connections: 1).run(transfers.suffix(alone).map(\.bytes))
        Console.note("\(clients) clients …")
        let loaded = try await LoadGenerator(ports: ports, connections: clients)
            .run(transfers.prefix(count).map(\.bytes))
        guard loaded.refused == 0, lone.refused == 0 else {
            throw Failure(.failed, "\(loaded.refused + lone.refused) transfers were refused")
        }
        // Each node verifies what it did not admit, so a signature is verified once by each member.
        return BenchReport(
            throughput: Double(loaded.latencies.count) / loaded.seconds, bound: bound / Double(network.members.count),
            boundIs: "verified/s by each of \(network.members.count) nodes",
            finalityP50Ms: Percentile.of(0.5, lone.latencies), finalityP99Ms: Percentile.of(0.99, lone.latencies),
            bytesPerTransaction: nil, replicas: network.members.count, operations: count,
            loadedP50Ms: Percentile.of(0.5, loaded.latencies), loadedP99Ms: Percentile.of(0.99, loaded.latencies))
    }
}
