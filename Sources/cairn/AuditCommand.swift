import ArgumentParser
import Foundation
import Ledger
import LedgerStore

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Recompute a member's database from its bytes; names the first damaged place.")

    @Argument(help: "Database file, for example .demo/members/retail/ledger.sqlite.")
    var file: String

    func run() throws {
        guard FileManager.default.fileExists(atPath: file) else {
            throw Failure(.notFound, "\(file) does not exist; give the path of a member's ledger.sqlite")
        }
        do {
            guard let audit = try LedgerStore(path: file).audit(verifyingSignatures: true) else {
                throw Failure(.notFound, "\(file) holds no ledger yet")
            }
            Console.print(
                "sound: \(audit.blocks) blocks, \(audit.log.size) leaves, \(audit.stateEntries) state entries")
            if audit.bareBlocks > 0 {
                Console.print(
                    "statements are kept from block \(audit.keptFrom) on; \(audit.bareBlocks) blocks have only their hashes and what became of them"
                )
            }
            Console.print("head \(audit.head.height)  \(audit.headHash)  log root \(audit.log.root)")
        } catch let error as StoreError {
            throw Failure(.verificationFailed, error.description)
        }
    }
}
