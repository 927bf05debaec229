import Broker
import ContractKit
import EtcdSequencing
import Foundation
import Ledger
import LedgerStore
import Replica
import Sequencing
import TestSupport
import Testing

/// What members resolve outside of the order: a statement that ends their processes, and an order that was lost.
@Suite struct ResolutionTests {
    /// A mistake put in on purpose: one word makes it end the process.
    private struct Trap: Contract {
        let name = "trap"
        let version: UInt64 = 1

        func execute(_ operation: Ledger.Operation, in context: ContractContext) throws(ContractError) {
            var arguments = Arguments(operation.arguments)
            let word = try arguments.text("word")
            try arguments.finish()
            precondition(word != "fall")
        }
    }

    /// Four members' nodes over an etcd, which goes on when this process ends.
    private static func network(_ folder: URL, etcd port: Int) throws -> MembersApart {
        let consortium = try TestConsortium(
            contracts: [MembershipContract(), WalletContract(), Trap()], folder: folder)
        return try MembersApart(consortium) { member in
            try EtcdSequencer(
                .init(endpoints: ["127.0.0.1:\(port)"]), ledger: consortium.genesis.id, member: "m\(member)",
                signing: MemberKeys(consortium.memberKeys[member]), report: { _ in })
        }
    }

    private static func say(_ word: String, _ consortium: TestConsortium) throws -> Statement {
        try consortium.statement(Ledger.Operation("trap", "say", [("word", .text(word))]), from: 1)
    }

    private let place: EtcdProcess.Place
    private let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")

    init() throws {
        place = .init(name: "only", clientPort: try LoopbackPort.free(), peerPort: try LoopbackPort.free())
    }

    private func waitUntil(_ isDone: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !isDone() {
            try #require(ContinuousClock.now < deadline, "a minute was not enough")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func aStatementThatEndsTheProcessTwiceIsNamedAndRefusedByAQuorum() async throws {
        try await Etcd.run([place]) { _ in
            let (folder, port) = (folder, place.clientPort)
            defer { try? FileManager.default.removeItem(at: folder) }
            await #expect(processExitsWith: .failure) { [folder = folder as URL, port = port as Int] in
                let network = try Self.network(folder, etcd: port)
                try await network.run([0, 1, 2, 3]) { nodes in
                    _ = try await network.consortium.send(Self.say("stand", network.consortium), to: nodes[0])
                    _ = try await network.consortium.send(Self.say("fall", network.consortium), to: nodes[0])
                }
            }
            let network = try Self.network(folder, etcd: port)
            for member in 0..<4 {
                // The last one is counted at the next start.
                while try interruptions(of: member, network) < 1 {
                    await #expect(processExitsWith: .failure) {
                        [folder = folder as URL, port = port as Int, member = member as Int] in
                        try await Self.network(folder, etcd: port).run([member]) { _ in
                            try await Task.sleep(for: .seconds(60))
                        }
                    }
                }
            }
            try await goOn(network)
        }
    }

    private func interruptions(of member: Int, _ network: MembersApart) throws -> Int {
        try LedgerStore(path: network.consortium.path(member)).interruptions().first?.count ?? 0
    }

    private func goOn(_ network: MembersApart) async throws {
        let suspect = try #require(try LedgerStore(path: network.consortium.path(0)).interruptions().first)
        try await network.run([0, 1, 2, 3]) { nodes in
            try await waitUntil { nodes.allSatisfy { $0.trouble?.contains(suspect.statement.hex) ?? false } }
            for node in nodes {
                try await node.waitForFinal(1)
                #expect(node.serving.head.height == 1 && node.failure == nil)
            }
            let resolution = try await nodes[0].reject(suspect.statement)
            #expect(resolution.isSigned(by: nodes[0].members, of: network.consortium.genesis.id))
            let later = try Self.say("again", network.consortium)
            #expect(try await network.consortium.send(later, to: nodes[1]).word == "FINAL")
            for node in nodes { try await node.waitForFinal(3) }
            let refused = try await nodes[2].outcome(of: suspect.statement, within: 1_000)
            #expect(refused?.word == "REJECTED")
            #expect(nodes.allSatisfy { $0.trouble == nil })
            await #expect(throws: ReplicaError(.goesOn, "")) { try await nodes[0].reject(suspect.statement) }
        }
        // A member whose disk is lost hears of it from the others, before it would execute the statement.
        for suffix in ["", "-wal", "-shm", ".executing"] {
            try? FileManager.default.removeItem(atPath: network.consortium.path(3) + suffix)
        }
        try await network.run([0, 1, 2, 3]) { nodes in
            try await nodes[3].waitForFinal(3)
            #expect(nodes[3].serving.resolutions.map(\.matter) == nodes[0].serving.resolutions.map(\.matter))
        }
    }

    @Test func aLostOrderIsBegunAnewAndNothingFinalIsLost() async throws {
        try await Etcd.run([place]) { _ in
            let network = try Self.network(folder, etcd: place.clientPort)
            defer { network.consortium.remove() }
            try await network.run([0, 1, 2, 3]) { nodes in
                let consortium = network.consortium
                for _ in 0..<5 { try await consortium.send(Self.say("one", consortium), to: nodes[0]) }
                await #expect(throws: ReplicaError(.goesOn, "")) { try await nodes[0].beginOrder() }
                try wipe()
                let waiting = try Self.say("two", consortium)
                try nodes[1].submit(try nodes[1].admit(waiting.bytes))
                try await waitUntil { nodes.allSatisfy { $0.trouble?.contains("rewound") ?? false } }
                let head = nodes.map(\.serving.head.height).max() ?? 0
                let first = try #require(nodes.first { $0.serving.head.height == head })
                let resolution = try await first.beginOrder()
                #expect(resolution.matter.height == head + 1)
                // Who hands it on can leave out or change no header.
                let (members, ledger) = (first.members, consortium.genesis.id)
                #expect(resolution.isSigned(by: members, of: ledger))
                for headers in [[], [resolution.headers[0], resolution.headers[0]]] {
                    let other = Resolution(resolution.matter, votes: resolution.votes, headers: headers)
                    #expect(!other.isSigned(by: members, of: ledger))
                }
                // What waited is brought into the new order by the node that took it.
                #expect(try await nodes[1].outcome(of: waiting.id, within: 20_000)?.word == "FINAL")
                for node in nodes {
                    try await node.waitForFinal(head + 1)
                    #expect(node.epoch == 1 && node.trouble == nil && node.serving.head.epoch == 1)
                }
            }
            // Starting again, also one that was wiped, they know of it.
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: network.consortium.path(2) + suffix)
            }
            try await network.run([0, 1, 2, 3]) { nodes in
                let outcome = try await network.consortium.send(Self.say("three", network.consortium), to: nodes[2])
                for node in nodes { try await node.waitForFinal(outcome.height) }
                for node in nodes { #expect(try node.contradictions().isEmpty) }
            }
        }
    }

    /// As an etcd that was made anew has it.
    private func wipe() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/etcdctl")
        process.arguments = ["--endpoints", place.endpoint, "del", "--prefix", "cairn/"]
        process.environment = ["ETCDCTL_API": "3"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
