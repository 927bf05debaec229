import ArgumentParser
import Foundation
import Ledger
import NodeClient

struct ReplicaSyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Fetch the records that concern a participant, verify each, and keep them in a file.",
        discussion:
            "Exit status 9 when a node shows what cannot be or hides what was there, 8 when one lags or is silent.")

    @Option(help: "Address of a node; with more than one, what one withholds is noticed.")
    var node = ["http://127.0.0.1:8080"]

    @Option(help: "Folder with the participant's key, encrypted; CAIRN_KEY_SECRET_FILE may name its secret.")
    var keys = ".cairn-keys"

    @Option(name: .customLong("as"), help: "The participant whose records are kept.")
    var actor: String

    @Option(help: "The replica; made when it is not there.")
    var file: String

    @Option(help: "The ledger id that you trust, 64 hex digits; an existing file says it itself.")
    var ledger: String?

    @Option(help: "table or json.")
    var output = Output.table

    private struct Summary: Encodable {
        struct Warning: Encodable {
            let kind: String
            let text: String
        }
        let participant: String
        let ledger: String
        let added: Int
        let held: Int
        let refused: Int
        let bytes: Int
        let warnings: [Warning]
    }

    func run() async throws {
        let kept = try existing()
        let (nodes, silent) = try await connect(try kept?.replica.genesis.id ?? Console.ledger(ledger))
        let sync: ReplicaSync
        do {
            sync = try await ReplicaSync.run(kept?.replica, of: actor, from: nodes, damage: kept?.damage ?? [])
        } catch let error as ConnectionError {
            throw Failure(.unreachable, "\(error)")
        } catch let error as LedgerError {
            throw Failure(
                .verificationFailed,
                "the head that \(file) keeps does not hold: \(error); move the file away and synchronise anew")
        }
        let warnings = silent.map { ReplicaSync.Warning(kind: .behind, text: $0) } + sync.warnings
        for warning in warnings { Console.note("warning: \(warning.text)") }
        if sync.contradicts {
            throw Failure(
                .verificationFailed,
                "a node shows another history than the one you hold; nothing was kept of this round, \(file) is as it was. Keep it as evidence"
            )
        }
        let bytes = sync.replica.encoded()
        try save(bytes)
        try tell(sync, bytes.count, warnings)
        if warnings.contains(where: { $0.kind == .broken }) {
            throw Failure(
                .verificationFailed,
                "a node does not show what it should; what verifies is in \(file), show the others the warnings")
        }
        guard !warnings.contains(where: { $0.kind == .behind }) else {
            throw Failure(.unreachable, "not every node is up to date; synchronise again with one that is")
        }
    }

    private func existing() throws -> (replica: RecordReplica, damage: [RecordReplica.Damage])? {
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let found = try ReplicaCommand.read(file)
        guard found.replica.participant == actor else {
            throw Failure(.usage, "\(file) is the replica of \(found.replica.participant); give another --file")
        }
        if let expected = try Console.ledger(ledger), expected != found.replica.genesis.id {
            throw Failure(.usage, "\(file) is of ledger \(found.replica.genesis.id); give another --file")
        }
        return found
    }

    /// Those that answer, all of the first one's ledger, and what is to be said of the others.
    private func connect(_ expected: Hash32?) async throws -> (nodes: [NodeConnection], silent: [String]) {
        let key = try ActorOptions.key(of: actor, in: keys)
        var nodes: [NodeConnection] = []
        var silent: [String] = []
        for address in node {
            do {
                nodes.append(
                    try await NodeConnection(
                        address: address, ledger: expected ?? nodes.first?.ledger, reader: (actor, key)))
            } catch let error as ConnectionError {
                silent.append("\(error)")
            }
        }
        guard !nodes.isEmpty else { throw Failure(.unreachable, silent.joined(separator: "; ")) }
        return (nodes, silent)
    }

    /// Whole or not at all, and for its owner's eyes: the records are nobody else's.
    private func save(_ bytes: Bytes) throws {
        let place = URL(filePath: file)
        let partial = place.appendingPathExtension("partial")
        guard
            FileManager.default.createFile(
                atPath: partial.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw Failure(.failed, "\(partial.path) cannot be written; is there room, and is the folder yours?") }
        let handle = try FileHandle(forWritingTo: partial)
        try handle.write(contentsOf: Data(bytes))
        try handle.synchronize()
        try handle.close()
        guard rename(partial.path, place.path) == 0 else {
            throw Failure(.failed, "\(file) cannot be replaced; the new one is \(partial.path)")
        }
    }

    private func tell(_ sync: ReplicaSync, _ bytes: Int, _ warnings: [ReplicaSync.Warning]) throws {
        let held = sync.replica.entries.count
        let ledger = sync.replica.genesis.id.hex
        switch output {
        case .table:
            Console.print(
                "\(sync.added) new, \(held) held for \(actor), \(bytes) bytes"
                    + (held > 0 ? ", \(bytes / held) a record" : ""))
            if sync.refused > 0 {
                Console.note(
                    "\(sync.refused) statements were refused by the ledger; of those there is nothing to prove.")
            }
            Console.note("Ledger \(ledger): compare this id with the one you trust.")
        case .json:
            try Console.json(
                Summary(
                    participant: actor, ledger: ledger, added: sync.added, held: held, refused: sync.refused,
                    bytes: bytes, warnings: warnings.map { .init(kind: "\($0.kind)", text: $0.text) }))
        }
    }
}
