import Foundation
import Ledger

/// What a node lists as the records of the participant who asks.
public struct OwnRecords: Sendable {
    /// Where a record stands on the ledger.
    public struct Place: Sendable, Hashable {
        public let height: UInt64
        /// nil where the ledger refused the statement: then nothing of it is in the log.
        public let leafIndex: UInt64?
    }

    /// Block up to which the list is complete, if the node is honest.
    public let height: UInt64
    /// Block from which on the node keeps statements, and lists them.
    public let keptFrom: UInt64
    /// In the ledger's order.
    public let ids: [Hash32]
    public let places: [Hash32: Place]
}

extension NodeConnection {
    /// Records in a page of the list; the most that a node gives.
    private static let page = 500

    /// All records that are the reader's own, by the node's word.
    public func ownRecords() async throws -> OwnRecords {
        let (height, keptFrom) = try await extent()
        var ids: [Hash32] = []
        var places: [Hash32: OwnRecords.Place] = [:]
        var cursor = "0"
        while true {
            let path = "/api/v1/ledgers/\(ledger.hex)/transactions?own=true&limit=\(Self.page)&cursor=\(cursor)"
            let answer = try await json(path)
            guard let items = answer["items"] as? [[String: Any]], let next = answer["cursor"] as? String,
                UInt64(next) != nil
            else { throw ConnectionError("the node at \(address) lists no records; is it as new as this program?") }
            for item in items {
                guard let id = (item["id"] as? String).flatMap({ Hash32(hex: $0) }),
                    let place = Self.place(item)
                else { throw ConnectionError("the node at \(address) lists a record without id and height") }
                if places.updateValue(place, forKey: id) == nil { ids.append(id) }
            }
            // A page that is not full is the last; one that does not go on would be asked for without end.
            if items.count < Self.page || next == cursor { break }
            cursor = next
        }
        return OwnRecords(height: height, keptFrom: keptFrom, ids: ids, places: places)
    }

    /// Where a transaction stands, which a node tells whoever knows its id; nil where it does not know it.
    public func place(of id: Hash32) async throws -> OwnRecords.Place? {
        do {
            return Self.place(try await json("/api/v1/transactions/\(id.hex)"))
        } catch let error as ConnectionError where error.status == 404 {
            return nil
        }
    }

    private static func place(_ item: [String: Any]) -> OwnRecords.Place? {
        (item["height"] as? NSNumber).map {
            OwnRecords.Place(
                height: $0.uint64Value, leafIndex: (item["leafIndex"] as? NSNumber)?.uint64Value)
        }
    }

    /// The ledger's head as a node shows it.
    struct Head {
        let node: NodeConnection
        let note: String
        let checkpoint: Checkpoint
        /// Changes of members until then.
        let changes: [MemberHistory.Announcement]
    }

    /// The signatures of a quorum of the members at that head are verified.
    func head() async throws -> Head {
        let note = String(decoding: try await get("/log/\(ledger.hex)/checkpoint"), as: UTF8.self)
        let changes = try await memberChanges()
        do {
            let members = try MemberHistory(genesis, announced: changes)
            return Head(
                node: self, note: note, checkpoint: try Checkpoint.ofQuorum(note, ledger: ledger, members),
                changes: changes)
        } catch {
            throw ConnectionError("the head of \(address) is not the ledger's: \(error)", contradicts: true)
        }
    }

    /// Whether the node proves that one head extends another, RFC 9162 §2.1.4.
    public func proves(_ newer: Checkpoint, extends older: Checkpoint) async throws -> Bool {
        let answer = try await json(
            "/api/v1/ledgers/\(ledger.hex)/consistency?first=\(older.size)&second=\(newer.size)")
        let path = (answer["path"] as? [String] ?? []).compactMap { Hash32(hex: $0) }
        return MerkleTree.verifyConsistency(
            first: older.size, second: newer.size, firstRoot: older.root, secondRoot: newer.root, path: path)
    }
}
