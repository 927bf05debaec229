import Foundation
import GRDB
import Ledger

/// A header as a member signed it, where it is kept beside the blocks.
public struct SeenVote: Sendable, Hashable {
    public let member: String
    public let height: UInt64
    public let header: Bytes
    public let signature: Bytes

    public init(member: String, height: UInt64, header: Bytes, signature: Bytes) {
        self.member = member
        self.height = height
        self.header = header
        self.signature = signature
    }
}

/// Two headers that one member signed at one height.
public struct Contradiction: Sendable, Hashable {
    public let first: SeenVote
    public let second: SeenVote

    public init(_ first: SeenVote, _ second: SeenVote) {
        self.first = first
        self.second = second
    }

    public var member: String { first.member }
    public var height: UInt64 { first.height }
}

/// A block as a member sent and signed it, whose statements do not belong to its header.
public struct MisleadingBlock: Sendable, Hashable {
    public let member: String
    public let height: UInt64
    /// As the member sent it.
    public let block: Bytes

    public init(member: String, height: UInt64, block: Bytes) {
        self.member = member
        self.height = height
        self.block = block
    }
}

// What a member may sign, and what others have signed.
extension LedgerStore {
    /// The first height that the member may sign; nil for a file that was made anew and has not asked its peers yet.
    public func voteStart() throws -> UInt64? {
        try read { try Int64.fetchOne($0, sql: "SELECT height FROM vote_start").map { UInt64($0) } }
    }

    /// The highest header that each other member is known to have signed.
    public func seenVotes() throws -> [SeenVote] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM seen_votes ORDER BY member").map { row in
                SeenVote(
                    member: row["member"], height: UInt64(row["height"] as Int64), header: Bytes(row["header"] as Data),
                    signature: Bytes(row["signature"] as Data))
            }
        }
    }

    public func misleadingBlocks() throws -> [MisleadingBlock] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM misleading_blocks ORDER BY height, member").map { row in
                MisleadingBlock(
                    member: row["member"], height: UInt64(row["height"] as Int64), block: Bytes(row["block"] as Data))
            }
        }
    }

    public func contradictions() throws -> [Contradiction] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM contradictions ORDER BY height, member").map { row in
                func vote(_ prefix: String) -> SeenVote {
                    SeenVote(
                        member: row["member"], height: UInt64(row["height"] as Int64),
                        header: Bytes(row["\(prefix)header"] as Data),
                        signature: Bytes(row["\(prefix)signature"] as Data))
                }
                return Contradiction(vote(""), vote("other_"))
            }
        }
    }
}

extension StoreWriter {
    public func setVoteStart(_ height: UInt64) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO vote_start (single, height) VALUES (1, ?)", arguments: [Int64(height)])
    }

    public func setSeenVote(_ vote: SeenVote) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO seen_votes (member, height, header, signature) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [vote.member, Int64(vote.height), Data(vote.header), Data(vote.signature)])
    }

    /// Keeps the first of a member at a height.
    public func insert(_ block: MisleadingBlock) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO misleading_blocks (member, height, block) VALUES (?, ?, ?)",
            arguments: [block.member, Int64(block.height), Data(block.block)])
    }

    /// Keeps the first contradiction of a member at a height.
    public func insert(_ contradiction: Contradiction) throws {
        let (first, second) = (contradiction.first, contradiction.second)
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO contradictions
                (member, height, header, signature, other_header, other_signature) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                first.member, Int64(first.height), Data(first.header), Data(first.signature), Data(second.header),
                Data(second.signature),
            ])
    }
}
