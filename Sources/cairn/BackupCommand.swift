import ArgumentParser
import Foundation
import Ledger
import LedgerStore

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copies of a node's databases and documents, made while it runs.",
        discussion: "Keys are not in a backup: docs/operating/backup.md says what to keep beside it.",
        subcommands: [Create.self, Verify.self, Restore.self])

    /// Databases of a node's folder that a backup holds, relative to it. What is rebuilt from the ledger is left out, and so are readings on
    /// their way through the gateway: an older copy would not know which messages of devices it took.
    fileprivate static func databases(in folder: URL) throws -> [String] {
        let leftOut = ["index.sqlite", "sealed.sqlite", "gateway.sqlite"]
        guard let found = FileManager.default.enumerator(atPath: folder.path) else {
            throw Failure(.notFound, "\(folder.path) cannot be read; give the folder of a node")
        }
        let paths = found.compactMap { $0 as? String }.filter { path in
            path.hasSuffix(".sqlite") && !path.hasPrefix("keys/") && !leftOut.contains { path.hasSuffix($0) }
        }.sorted()
        guard paths.contains(where: { isLedger($0) }) else {
            throw Failure(.notFound, "\(folder.path) holds no ledger.sqlite; give the folder of a node")
        }
        return paths
    }

    /// Other files that only this node may have: documents, and what a use case keeps in a file. They are written whole or not at all.
    fileprivate static func files(in folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: documents).path)) ?? []
        let own = ["epcis-queries.json"].filter {
            FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
        }
        return names.filter { Hash32(hex: $0) != nil }.sorted().map { "\(documents)/\($0)" } + own
    }

    private static let documents = "documents"

    fileprivate static func copy(_ paths: [String], from source: URL, to target: URL) throws {
        for path in paths {
            let place = target.appending(path: path)
            try makeFolder(place.deletingLastPathComponent())
            try FileManager.default.copyItem(at: source.appending(path: path), to: place)
        }
    }

    fileprivate static func isLedger(_ path: String) -> Bool { path.hasSuffix("ledger.sqlite") }

    /// Recomputes the ledgers of a backup with every signature.
    fileprivate static func verify(_ folder: URL) throws {
        for path in try databases(in: folder) where isLedger(path) {
            do {
                let store = try LedgerStore(path: folder.appending(path: path).path)
                defer { try? store.close() }
                guard let audit = try store.audit(verifyingSignatures: true) else {
                    throw Failure(.notFound, "\(path) holds no ledger yet")
                }
                let bare = audit.bareBlocks > 0 ? " (statements from block \(audit.keptFrom) on)" : ""
                Console.print(
                    "sound: \(path), \(audit.blocks) blocks\(bare), head \(audit.head.height) \(audit.headHash)")
            } catch let error as StoreError {
                throw Failure(.verificationFailed, "\(path): \(error)")
            }
        }
        let kept = files(in: folder).filter { $0.hasPrefix(documents) }
        for path in kept {
            let content = FileManager.default.contents(atPath: folder.appending(path: path).path) ?? Data()
            guard "\(documents)/\(Hash32.sha256(Bytes(content)).hex)" == path else {
                throw Failure(.verificationFailed, "\(path): its SHA-256 is not its name; it was changed")
            }
        }
        if !kept.isEmpty { Console.print("sound: \(kept.count) documents") }
    }

    /// Makes a folder whole or not at all.
    fileprivate static func whole(_ folder: URL, _ fill: (URL) throws -> Void) throws {
        guard !FileManager.default.fileExists(atPath: folder.path) else {
            throw Failure(.usage, "\(folder.path) exists; give a new folder")
        }
        let partial = URL(filePath: folder.path + ".partial")
        try? FileManager.default.removeItem(at: partial)
        try makeFolder(partial)
        try fill(partial)
        try FileManager.default.moveItem(at: partial, to: folder)
    }

    fileprivate static func makeFolder(_ folder: URL) throws {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy a node's databases, each as it is at one moment, and verify the ledger in the copy.")

        @Argument(help: "Folder of the node, for example .network/retail.")
        var node: String

        @Option(help: "Folder to be made.")
        var to: String

        func run() throws {
            let source = URL(filePath: node)
            let paths = try BackupCommand.databases(in: source)
            try BackupCommand.whole(URL(filePath: to)) { partial in
                for path in paths {
                    let copy = partial.appending(path: path)
                    try BackupCommand.makeFolder(copy.deletingLastPathComponent())
                    try DatabaseCopy.make(of: source.appending(path: path).path, at: copy.path)
                    Console.note("copied \(path)")
                }
                try BackupCommand.copy(BackupCommand.files(in: source), from: source, to: partial)
                try BackupCommand.verify(partial)
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute the ledger of a backup from its bytes; names the first damaged place.")

        @Argument(help: "Folder that `cairn backup create` made.")
        var backup: String

        func run() throws { try BackupCommand.verify(URL(filePath: backup)) }
    }

    struct Restore: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the databases of a backup into the folder of a node that is off and has none.")

        @Argument(help: "Folder that `cairn backup create` made.")
        var backup: String

        @Option(help: "Folder of the node, with its keys, genesis.cbor and node.json.")
        var to: String

        func run() throws {
            let (source, target) = (URL(filePath: backup), URL(filePath: to))
            let paths = try BackupCommand.databases(in: source)
            // What lies there already is as new as the node.
            let files = BackupCommand.files(in: source).filter {
                !FileManager.default.fileExists(atPath: target.appending(path: $0).path)
            }
            for path in paths where FileManager.default.fileExists(atPath: target.appending(path: path).path) {
                throw Failure(
                    .usage,
                    "\(target.appending(path: path).path) exists, and may be newer than the backup; stop the node and move it away"
                )
            }
            try BackupCommand.verify(source)
            for path in paths {
                let place = target.appending(path: path)
                try BackupCommand.makeFolder(place.deletingLastPathComponent())
                try DatabaseCopy.make(of: source.appending(path: path).path, at: place.path + ".partial")
                // A log that was left of an earlier file does not belong to this one.
                for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: place.path + suffix) }
                try FileManager.default.moveItem(atPath: place.path + ".partial", toPath: place.path)
            }
            try BackupCommand.copy(files, from: source, to: target)
            Console.print(
                "restored \(paths.count) databases and \(files.count) files; start the node: it fetches what came since"
            )
        }
    }
}
