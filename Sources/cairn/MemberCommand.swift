import ArgumentParser
import ContractKit
import Foundation
import Keys
import Ledger
import NodeClient

struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "What members vote on: who signs blocks, and which contracts run.",
        subcommands: [
            List.self, Propose.self, Expel.self, Upgrade.self, Vote.self, Leave.self, Move.self, Rotate.self,
            BeginOrder.self, Reject.self,
        ])

    /// A member acts with the key of its node, in the name `member-<id>`.
    struct Voter: ParsableArguments {
        @Option(help: "Address of a node.")
        var node = "http://127.0.0.1:8080"

        @Option(help: "Folder with the member's key, as its node has it.")
        var keys: String

        @Option(name: .customLong("as"), help: "Id of the member that acts.")
        var member: String

        @Flag(help: "Say what would happen; sign and record nothing.")
        var dryRun = false

        func perform(_ name: String, about subject: String, _ arguments: [(String, CBOR)]) async throws {
            var actor = ActorOptions()
            (actor.node, actor.keys, actor.actor, actor.dryRun) = (node, keys, "member-\(member)", dryRun)
            try await actor.perform(
                Ledger.Operation("membership", name, arguments), about: subject, on: try await actor.connect())
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Members, and what they vote on. Follows each change from genesis and verifies it.")

        @Option(help: "Address of a node.")
        var node = "http://127.0.0.1:8080"

        @Option(help: "table or json.")
        var output = Output.table

        private struct Listed: Codable {
            struct Member: Codable {
                let id: String
                let kid: String
            }
            struct Proposal: Codable {
                let id: String
                let change: String
                let subject: String
                let approvals: [String]
                let refusals: [String]
                let expires: String
            }
            let members: [Member]
            let quorum: Int
            /// SHA-256 of the set, by which evidence can be verified when older keys are not believed any more.
            let set: String
            /// Heights from which on other members sign.
            let changes: [UInt64]
            let proposals: [Proposal]
        }

        private struct Answer: Codable { let proposals: [Listed.Proposal] }

        func run() async throws {
            let listed: Listed
            do {
                let connection = try await NodeConnection(address: node)
                let history = try await connection.members()
                let answer = try JSONDecoder().decode(
                    Answer.self,
                    from: Data(try await connection.get("/api/v1/ledgers/\(connection.ledger.hex)/members")))
                listed = Listed(
                    members: history.current.members.map { .init(id: $0.id, kid: $0.key.kid.hex) },
                    quorum: history.current.quorum, set: history.current.hash.hex,
                    changes: history.periods.dropFirst().map(\.from),
                    proposals: answer.proposals)
            } catch let error as ConnectionError {
                throw Failure(error.contradicts ? .verificationFailed : .unreachable, error.description)
            }
            if output == .json { return try Console.json(listed) }
            for member in listed.members { Console.row(member.id, member.kid) }
            Console.note(
                "\(listed.quorum) of \(listed.members.count) make a block final. Changes since genesis, each signed by a quorum of those before: \(listed.changes.count)"
            )
            for proposal in listed.proposals {
                Console.row("\(proposal.change) \(proposal.subject)", proposal.id)
                Console.note(
                    "approved by \(proposal.approvals.joined(separator: ", ")), until \(proposal.expires)")
            }
        }
    }

    struct Propose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose an organisation as a member; the proposal counts as this member's vote for it.")

        @OptionGroup var voter: Voter

        @Option(help: "Id of the new member.")
        var id: String

        @Option(help: "Name as others shall read it.")
        var name: String

        @Option(help: "Public key of its node: `cairn participant key --as member-<id>` on its side shows it.")
        var key: String

        @Option(help: "Where the other members' nodes reach its node: https://HOST:PORT of its peer port.")
        var address: String?

        func run() async throws {
            try await voter.perform(
                "proposeMember", about: id,
                [
                    ("id", .text(id)), ("name", .text(name)), ("key", .bytes(try publicKey(key))),
                    ("address", address.map { .text($0) } ?? .null),
                ])
        }
    }

    struct Expel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose that a member leaves; the proposal counts as this member's vote for it.")

        @OptionGroup var voter: Voter

        @Argument(help: "Id of the member.")
        var id: String

        func run() async throws {
            try await voter.perform("proposeRemoval", about: id, [("id", .text(id))])
        }
    }

    struct Upgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose that another version of a contract runs from a block on.",
            discussion:
                "Every node needs a program that has both versions by then; one that does not stops before that block and says so."
        )

        @OptionGroup var voter: Voter

        @Argument(help: "Name of the contract.")
        var contract: String

        @Option(help: "Its version.")
        var version: UInt64

        @Option(help: "The first block that runs it; leave time to install the program.")
        var height: UInt64

        func run() async throws {
            try await voter.perform(
                "proposeUpgrade", about: contract,
                [("contract", .text(contract)), ("version", .unsigned(version)), ("height", .unsigned(height))])
        }
    }

    struct Vote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Vote on a proposal.")

        @OptionGroup var voter: Voter

        @Argument(help: "The proposal, as `cairn member list` shows it.")
        var proposal: String

        @Flag(help: "Vote against it.")
        var refuse = false

        func run() async throws {
            guard let id = Hash32(hex: proposal) else {
                throw Failure(.usage, "a proposal is 64 hex digits, as `cairn member list` shows it")
            }
            try await voter.perform(
                "voteOnMember", about: proposal, [("proposal", .hash(id)), ("approve", .bool(!refuse))])
        }
    }

    struct Leave: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Leave the members; no vote is needed.")

        @OptionGroup var voter: Voter

        func run() async throws { try await voter.perform("leaveMembers", about: voter.member, []) }
    }

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell the other members where this member's node is reached from now on.")

        @OptionGroup var voter: Voter

        @Argument(help: "https://HOST:PORT of its peer port.")
        var address: String

        func run() async throws {
            try await voter.perform("moveMember", about: voter.member, [("address", .text(address))])
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a new key in the place of the one with which this member's node signs.",
            discussion:
                "The new key lies beside the old one until the ledger names it; the node then uses it and destroys the old one. Nobody restarts."
        )

        @OptionGroup var voter: Voter

        func run() async throws {
            let name = MembershipContract.participant(of: voter.member)
            let folder = try KeyFolder(URL(filePath: voter.keys))
            guard let old = try folder.key(of: name) else {
                throw Failure(.configuration, "\(voter.keys) has no key of \(name)")
            }
            let next = voter.dryRun ? SigningKey.generate() : try folder.keyOrNew(of: KeyFolder.next(name))
            let proof = next.sign(MembershipContract.possession(of: voter.member, after: old.kid))
            try await voter.perform(
                "rotateMember", about: voter.member,
                [("key", .bytes(next.verifyingKey.coseKey)), ("proof", .bytes(proof))])
        }
    }
}
