import ArgumentParser
import ChildProcesses
import EtcdSequencing
import Foundation
import Node
import UseCaseKit

struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "A consortium whose members run a node each.",
        subcommands: [Init.self, Add.self, Up.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lay out folders, keys and configurations of every member's node, and of etcd.")

        @Option(help: "Use case whose cast takes part.")
        var useCase = useCases[0].name

        @Option(help: "How many members; the use case's cast has that many.")
        var members = 4

        @Option(help: "Folder of the network.")
        var folder = ".network"

        func run() throws {
            let chosen = try ConsortiumOptions.useCase(useCase)
            guard chosen.cast.members.count == members else {
                throw Failure(
                    .usage, "the cast of \(useCase) has \(chosen.cast.members.count) members, not \(members)")
            }
            let network: Network
            do {
                network = try Network.make(chosen, in: URL(filePath: folder))
            } catch let error as NetworkError {
                throw Failure(.configuration, error.description)
            }
            Console.print("Ledger                 \(network.ledger)")
            for member in network.members {
                Console.print(
                    member.name.padding(toLength: 22, withPad: " ", startingAt: 0) + " \(folder)/\(member.id)/node.json"
                )
            }
            Console.print("\nStart it with `cairn network up --folder \(folder)`")
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lay out the node of a further organisation, for the members to admit.")

        @Option(help: "Folder of the network.")
        var folder = ".network"

        @Option(help: "Id of the new member.")
        var id: String

        @Option(help: "Name as others shall read it.")
        var name: String

        func run() throws {
            do {
                var network = try Network(folder: URL(filePath: folder))
                let (key, address) = try network.add(id, name: name, in: URL(filePath: folder))
                guard let first = network.members.first else { return }
                Console.note("Have a member propose it, and the others vote:")
                Console.print(
                    "cairn member propose --node \(first.address) --keys \(folder)/\(first.id)/keys --as \(first.id) --id \(id) --name '\(name)' --address \(address) --key \(key.coseKey.hex)"
                )
                Console.note("Start its node, before or after that:")
                Console.print("cairn node --config \(folder)/\(id)/node.json")
            } catch let error as NetworkError {
                throw Failure(.configuration, error.description)
            }
        }
    }

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start etcd and every member's node on this machine, as processes of their own.")

        /// How long the nodes may take until they answer.
        private static let startTimeout = Duration.seconds(120)

        @Option(help: "Folder of the network.")
        var folder = ".network"

        func run() async throws {
            let root = URL(filePath: folder)
            let network: Network
            do { network = try Network(folder: root) } catch let error as NetworkError {
                throw Failure(.configuration, error.description)
            }
            var etcd: [EtcdProcess] = []
            var nodes: [(member: Network.Member, process: ChildProcess)] = []
            do {
                for place in network.etcd {
                    etcd.append(try EtcdProcess(place, among: network.etcd, folder: root.appending(path: "etcd")))
                }
                for member in network.members { nodes.append((member, try start(member, of: network, root))) }
                for (member, process) in nodes { try await waitFor(member, process, root.appending(path: member.id)) }
                Console.print("\nEverything is up: \(network.members.first?.address ?? "")/")
                await Interruption.wait()
                Console.note("Stopping …")
                await stop(nodes.map(\.process), etcd)
            } catch {
                await stop(nodes.map(\.process), etcd)
                throw error
            }
        }

        private func start(_ member: Network.Member, of network: Network, _ root: URL) throws -> ChildProcess {
            let own = root.appending(path: member.id)
            return try ChildProcess(
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
                ["node", "--config", network.file(of: member.id, in: root).path],
                logFile: own.appending(path: "node.log").path)
        }

        private func waitFor(_ member: Network.Member, _ process: ChildProcess, _ own: URL) async throws {
            let deadline = ContinuousClock.now + Self.startTimeout
            while true {
                guard process.isRunning else {
                    throw Failure(.failed, "the node of \(member.name) ended; \(folder)/\(member.id)/node.log says why")
                }
                let text = try? String(contentsOf: Network.processFile(in: own), encoding: .utf8)
                if text == "\(process.identifier)\n" { break }
                guard ContinuousClock.now < deadline else {
                    throw Failure(
                        .unreachable,
                        "the node of \(member.name) does not answer yet; \(folder)/\(member.id)/node.log says why")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            Console.print(member.name.padding(toLength: 22, withPad: " ", startingAt: 0) + " \(member.address)/")
        }

        private func stop(_ nodes: [ChildProcess], _ etcd: [EtcdProcess]) async {
            await withTaskGroup(of: Void.self) { group in
                for node in nodes { group.addTask { await node.stop() } }
            }
            // Last, since nodes that stop still read.
            for member in etcd { await member.stop() }
        }
    }
}
