import ArgumentParser
import Foundation
import Keys
import Ledger
import NodeClient

/// Who acts from the command line: a participant whose key lies in a folder on this side and never leaves it.
struct ActorOptions: ParsableArguments {
    @Option(help: "Address of a node.")
    var node = "http://127.0.0.1:8080"

    @Option(help: "Folder with the participant's key, encrypted; CAIRN_KEY_SECRET_FILE may name its secret.")
    var keys = ".cairn-keys"

    @Option(name: .customLong("as"), help: "The participant that acts.")
    var actor: String

    @Flag(help: "Say what would happen; sign and record nothing.")
    var dryRun = false

    func key() throws -> SigningKey { try Self.key(of: actor, in: keys) }

    static func key(of actor: String, in folder: String) throws -> SigningKey {
        guard let key = try KeyFolder(URL(filePath: folder)).key(of: actor) else {
            throw Failure(
                .configuration, "there is no key of \(actor) in \(folder); make one with `cairn participant key`")
        }
        return key
    }

    func connect() async throws -> NodeConnection {
        do {
            return try await NodeConnection(address: node, reader: (actor, try key()))
        } catch let error as ConnectionError {
            throw Failure(.unreachable, "\(error)")
        }
    }

    /// Signs here, submits, and waits until it is final; a refusal is a failure that says why.
    @discardableResult
    func perform(
        _ operation: Ledger.Operation, about subject: String, on node: NodeConnection
    ) async throws -> (statement: Statement, height: UInt64) {
        if dryRun {
            try await rehearse(operation, on: node)
            throw ExitCode.success
        }
        let statement = try Statement.sign(
            operation, issuer: actor, subject: subject, validUntil: UInt64(Date().timeIntervalSince1970) + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: node.ledger, with: try key())
        let answer = try await node.submit(statement.bytes)
        guard answer.word == "FINAL", let height = answer.height else {
            let problem = answer.problem.map { "\($0.code): \($0.detail)" } ?? answer.word
            throw Failure(.failed, "\(operation.name) was not recorded: \(problem)")
        }
        Console.print("\(statement.id.hex)  FINAL in block \(height)")
        return (statement, height)
    }

    private func rehearse(_ operation: Ledger.Operation, on node: NodeConnection) async throws {
        let (status, answer) = try await node.post(
            "/api/v1/dry-runs", operation.encoded(), contentType: "application/vnd.cairn.operation+cbor")
        guard status == 200, let accepted = answer["accepted"] as? Bool else {
            throw Failure(.failed, answer["detail"] as? String ?? "the node answered \(status)")
        }
        guard accepted else {
            throw Failure(
                .failed,
                "\(operation.name) would be refused: \(answer["code"] as? String ?? ""): \(answer["message"] as? String ?? "")"
            )
        }
        Console.print("\(operation.contract).\(operation.name) would be accepted; nothing was recorded")
        for key in answer["changes"] as? [String] ?? [] { Console.row("changes", key) }
        for event in answer["events"] as? [[String: Any]] ?? [] {
            Console.row(event["name"] as? String ?? "", event["subject"] as? String ?? "")
        }
    }
}
