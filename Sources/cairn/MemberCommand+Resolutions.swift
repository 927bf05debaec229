import ArgumentParser
import Foundation
import NodeClient

/// What members sign outside of the order, because it or the execution cannot go on.
extension MemberCommand {
    struct BeginOrder: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin a new order after the last block, where etcd lost the one before.",
            discussion:
                "Each member's node signs for it by itself if the order is lost there too. Nothing that was final is lost; statements that wait are brought into the new order."
        )

        @OptionGroup var voter: Voter

        func run() async throws {
            let answer = try await voter.resolve(["matter": "order"])
            Console.print(
                "order \(answer["epoch"] ?? "") goes on after block \(answer["after"] ?? ""), signed by \((answer["signedBy"] as? [String] ?? []).joined(separator: ", "))"
            )
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the members refuse a statement that ends their nodes' processes, without executing it.",
            discussion: "Each member's node signs for it by itself if the statement stopped it too.")

        @OptionGroup var voter: Voter

        @Argument(help: "The statement, as the node's log and /readyz name it.")
        var statement: String

        func run() async throws {
            let answer = try await voter.resolve(["matter": "rejection", "statement": statement])
            Console.print(
                "\(statement) is refused, signed by \((answer["signedBy"] as? [String] ?? []).joined(separator: ", "))")
        }
    }
}

extension MemberCommand.Voter {
    fileprivate func resolve(_ matter: [String: String]) async throws -> [String: Any] {
        if dryRun {
            throw Failure(.usage, "what members sign outside of the order cannot be tried; leave --dry-run out")
        }
        var actor = ActorOptions()
        (actor.node, actor.keys, actor.actor) = (node, keys, "member-\(member)")
        let connection = try await actor.connect()
        let (status, answer) = try await connection.post(
            "/api/v1/ledgers/\(connection.ledger.hex)/resolutions",
            Array(try JSONSerialization.data(withJSONObject: matter)), contentType: "application/json")
        guard status == 201 else {
            throw Failure(.failed, answer["detail"] as? String ?? "the node answered \(status)")
        }
        return answer
    }
}
