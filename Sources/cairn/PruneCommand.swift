import ArgumentParser
import Foundation
import LedgerStore
import Node

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Let go of statements that a member does not keep, and write its file anew without their space.",
        discussion: """
            The node is off. Its node.json says how many of the latest blocks are kept whole (keepBlocks). A node that runs lets go of the others by \
            itself; this command also gives back the space in a file that was made before there was such a setting.
            """)

    /// Blocks in one transaction.
    private static let step = 500

    @Argument(help: "Configuration of the node, for example .network/retail/node.json.")
    var config: String

    func run() async throws {
        let configuration: NodeConfiguration
        do {
            configuration = try NodeConfiguration(file: URL(filePath: config))
        } catch {
            throw Failure(.configuration, "\(config) cannot be used: \(error)")
        }
        guard let kept = configuration.keepBlocks else {
            throw Failure(
                .configuration, "\(config) has no keepBlocks: the member keeps everything, and would fetch it again")
        }
        let folder = URL(filePath: configuration.folder)
        if let process = try? String(contentsOf: Network.processFile(in: folder), encoding: .utf8), runsNode(process) {
            throw Failure(.usage, "the node runs: stop it first; it lets go of old statements by itself")
        }
        let path = folder.appending(path: "members/\(configuration.member)/ledger.sqlite").path
        guard FileManager.default.fileExists(atPath: path) else { throw Failure(.notFound, "\(path) does not exist") }
        try await prune(try LedgerStore(path: path), keeping: kept)
    }

    /// Whether a process with this id is a node's; one that was killed leaves its id behind.
    private func runsNode(_ process: String) -> Bool {
        let id = process.trimmingCharacters(in: .whitespacesAndNewlines)
        let words = try? String(contentsOfFile: "/proc/\(id)/cmdline", encoding: .utf8)
        return words?.contains("\0node\0") ?? false
    }

    private func prune(_ store: LedgerStore, keeping kept: UInt64) async throws {
        guard let head = try store.headHeight(), head >= kept else {
            throw Failure(.usage, "the file has fewer blocks than are kept (\(kept)); nothing is to be let go")
        }
        let needed = try store.neededFrom()
        let floor = min(head + 1 - kept, needed)
        if floor == needed {
            Console.note(
                "a member is not known to have signed block \(needed) yet; statements from there on stay for it")
        }
        let before = store.fileSize
        var total = LedgerStore.Pruned()
        while true {
            let pruned = try await store.prune(below: floor, limit: Self.step)
            if pruned.blocks == 0 { break }
            total.blocks += pruned.blocks
            total.bytes += pruned.bytes
        }
        try store.rewrite()
        let after = store.fileSize
        try store.close()
        Console.print(
            "let go of the statements of \(total.blocks) blocks below \(floor), \(total.bytes) bytes")
        Console.print("file: \(before) bytes before, \(after) after, \(before - after) freed")
    }
}
