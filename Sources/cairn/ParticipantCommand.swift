import ArgumentParser
import Foundation
import Keys
import Ledger
import NodeClient

struct ParticipantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "participant", abstract: "Keys of participants, and who vouches for them.",
        subcommands: [
            Key.self, Claim.self, Enrol.self, Person.self, Withdraw.self, Rotate.self, Recover.self, Show.self,
        ])

    struct Key: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a participant's key on this side, or show its public half to give to a registrar.")

        @Option(help: "Folder that keeps the key, encrypted.")
        var keys = ".cairn-keys"

        @Option(name: .customLong("as"), help: "The participant's id.")
        var actor: String

        func run() throws {
            let key = try KeyFolder(URL(filePath: keys)).keyOrNew(of: actor)
            Console.note("Give this to a registrar; the key itself stays in \(keys).")
            Console.print(key.verifyingKey.coseKey.hex)
        }
    }

    struct Claim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Claim an enrolment by a registrar's one-time code, with a key made on this side.")

        @Argument(help: "The link that the registrar gave, or its last part.")
        var code: String

        @Option(help: "Address of a node.")
        var node = "http://127.0.0.1:8080"

        @Option(help: "Folder that keeps the key, encrypted.")
        var keys = ".cairn-keys"

        @Option(name: .customLong("as"), help: "The id that the registrar chose.")
        var actor: String

        func run() async throws {
            let key = try KeyFolder(URL(filePath: keys)).keyOrNew(of: actor)
            let connection = try await NodeConnection(address: node)
            let token = code.split(separator: "/").last.map(String.init) ?? ""
            let answer = try await connection.post(
                "/api/v1/invitations/\(token)", Bytes(#"{"key":"\#(key.verifyingKey.coseKey.hex)"}"#.utf8),
                contentType: "application/json")
            guard answer.status == 202 || answer.status == 201 else {
                throw Failure(.failed, answer.json["detail"] as? String ?? "the node answered \(answer.status)")
            }
            Console.note("Tell the registrar how your key begins; it is enrolled once they have compared it.")
            Console.print(key.kid.hex)
        }
    }

    struct Enrol: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "As a registrar: vouch for a participant.")

        @OptionGroup var actor: ActorOptions

        @Option(help: "Id of the new participant.")
        var id: String

        @Option(help: "Member (organisation) that it belongs to.")
        var member: String

        @Option(help: "Name as others shall read it.")
        var name: String

        @Option(name: .customLong("role"), help: "A role; may be repeated.")
        var roles: [String] = []

        @Option(help: "Its public key, as `cairn participant key` shows it.")
        var key: String

        @Option(help: "Days for which the word holds; without it, until it is withdrawn.")
        var days: UInt64?

        func run() async throws {
            let now = UInt64(Date().timeIntervalSince1970 * 1000)
            let until: CBOR = days.map { .unsigned(now + $0 * 86_400_000) } ?? .null
            let operation = Ledger.Operation(
                "membership", "enrolParticipant",
                [
                    ("id", .text(id)), ("member", .text(member)), ("name", .text(name)),
                    ("roles", .array(roles.map { .text($0) })), ("validUntil", until),
                    ("key", .bytes(try publicKey(key))),
                ])
            try await actor.perform(operation, about: id, on: try await actor.connect())
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "As its registrar: vouch for a participant no more.")

        @OptionGroup var actor: ActorOptions

        @Argument(help: "Id of the participant.")
        var id: String

        func run() async throws {
            let operation = Ledger.Operation("membership", "revokeParticipant", [("id", .text(id))])
            try await actor.perform(operation, about: id, on: try await actor.connect())
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Put a new key in the place of the own one. The new one is kept under <id>-next until it is final.")

        @OptionGroup var actor: ActorOptions

        func run() async throws {
            let folder = try KeyFolder(URL(filePath: actor.keys))
            let next = try folder.keyOrNew(of: KeyFolder.next(actor.actor))
            let node = try await actor.connect()
            let operation = Ledger.Operation(
                "membership", "rotateKey",
                [
                    ("kid", .hash(try actor.key().verifyingKey.kid)),
                    ("key", .bytes(next.verifyingKey.coseKey)),
                ])
            try await actor.perform(operation, about: actor.actor, on: node)
            try folder.replace(actor.actor, by: KeyFolder.next(actor.actor))
        }
    }

    struct Person: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "As an organisation or its administrator: a colleague with a key of their own.")

        @OptionGroup var actor: ActorOptions

        @Option(help: "Id of the colleague.")
        var id: String

        @Option(help: "Their function, not their name: the ledger keeps it for ever.")
        var function: String

        @Option(
            name: .customLong("role"), help: "A role of the organisation, administrator, or approver; may be repeated.")
        var roles: [String] = []

        @Option(help: "Their public key, as `cairn participant key` shows it.")
        var key: String

        func run() async throws {
            let operation = Ledger.Operation(
                "membership", "enrolPerson",
                [
                    ("id", .text(id)), ("name", .text(function)), ("roles", .array(roles.map { .text($0) })),
                    ("validUntil", .null), ("key", .bytes(try publicKey(key))),
                ])
            try await actor.perform(operation, about: id, on: try await actor.connect())
        }
    }

    struct Recover: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "As an administrator: a new key for a colleague, or for the organisation, that lost its own.",
            discussion: """
                Two administrators name the same new key, each by this command; with the second one's word it replaces \
                all others. The one who lost the key makes the new one with `cairn participant key`.
                """)

        @OptionGroup var actor: ActorOptions

        @Option(help: "Id of the one who lost the key.")
        var id: String

        @Option(help: "The new public key, as `cairn participant key` shows it.")
        var key: String

        func run() async throws {
            let operation = Ledger.Operation(
                "membership", "recoverKey", [("id", .text(id)), ("key", .bytes(try publicKey(key)))])
            let node = try await actor.connect()
            let statement = try await actor.perform(operation, about: id, on: node).statement
            let record = try await node.json("/api/v1/transactions/\(statement.id.hex)")
            let events = (record["events"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
            Console.note(
                events.contains("recoveryProposed")
                    ? "Proposed. Another administrator has to name the same key within its time."
                    : "The new key is in force; all others of \(id) are retired.")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What the ledger says about a participant.")

        @OptionGroup var actor: ActorOptions

        @Argument(help: "Id of the participant; the own one without it.")
        var id: String?

        func run() async throws {
            let node = try await actor.connect()
            let id = id ?? actor.actor
            let path = "/api/v1/ledgers/\(node.ledger.hex)/state?key=membership/participants/\(id)"
            let answer = try await node.json(path)
            guard let decoded = answer["decoded"] as? [String: Any] else {
                throw Failure(.notFound, "the ledger knows no participant \(id)")
            }
            for (name, value) in decoded.sorted(by: { $0.key < $1.key }) { Console.print("\(name)\t\(value)") }
        }
    }
}

/// A public key from the command line.
func publicKey(_ hex: String) throws -> Bytes {
    guard let key = Bytes(hex: hex) else { throw Failure(.usage, "--key takes hex digits") }
    return key
}
