import Ledger

/// Brings a participant's replica up to what nodes show, and tells what they show otherwise than before or than each other.
///
/// No record is kept before its evidence verifies, and none is given up because a node does not show it any more.
public struct ReplicaSync: Sendable {
    public struct Warning: Sendable, Hashable {
        public enum Kind: Sendable {
            /// Worth knowing, and repaired or explained.
            case noted
            /// A node does not answer, or is behind.
            case behind
            /// A node shows what cannot be, or hides what was there.
            case broken
        }
        public let kind: Kind
        public let text: String

        public init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// With the new entries and, where it went on, the new head.
    public private(set) var replica: RecordReplica
    /// Records that are new in the replica.
    public private(set) var added = 0
    /// Statements of the participant's that the ledger refused: they leave nothing in the log that could be proved.
    public private(set) var refused = 0
    public private(set) var warnings: [Warning] = []
    /// Whether a node shows another history than the replica has: then nothing of this round may be kept.
    public private(set) var contradicts = false

    private var lists: [(node: NodeConnection, own: OwnRecords)] = []
    /// Heads that the ledger has to extend: the one kept, and those that new records were proved with.
    private var heads: Set<Checkpoint> = []

    /// - Parameters:
    ///   - kept: the replica so far; nil begins one.
    ///   - nodes: of one ledger, with the participant as their reader. What one withholds, another may show.
    /// - Throws: ``ConnectionError`` when no node answers, ``LedgerError`` when the replica's own head does not hold.
    public static func run(
        _ kept: RecordReplica?, of participant: String, from nodes: [NodeConnection],
        damage: [RecordReplica.Damage] = []
    ) async throws -> ReplicaSync {
        guard let first = nodes.first else { throw ConnectionError("no node was named; give the address of one") }
        var sync = ReplicaSync(
            replica: kept ?? RecordReplica(genesis: first.genesis, participant: participant, checkpoint: ""))
        for place in damage {
            sync.warn(
                .noted,
                "record \(place.record), \(place.transaction), at byte \(place.byte) of the file: \(place.detail)")
        }
        sync.dropForged()
        let previous = try kept.map { kept in
            let members = try MemberHistory(kept.genesis, announced: kept.changes)
            return try Checkpoint.ofQuorum(kept.checkpoint, ledger: kept.genesis.id, members)
        }
        if let previous { sync.heads.insert(previous) }
        try await sync.list(nodes)
        try await sync.compareLists()
        try await sync.compareKept()
        try await sync.fetch(since: previous)
        try await sync.takeHead(previous)
        return sync
    }

    private init(replica: RecordReplica) { self.replica = replica }

    private mutating func warn(_ kind: Warning.Kind, _ text: String) {
        warnings.append(Warning(kind: kind, text: text))
    }

    /// Whoever wrote the file's list anew may have put anything behind it; what does not verify is fetched again.
    private mutating func dropForged() {
        let found = replica.entries
        replica.entries = []
        for entry in found {
            let holds =
                (try? entry.content(in: replica.genesis)) != nil
                && EvidenceVerifier.verify(entry.bundle, expectedLedger: replica.genesis.id).passed
            if holds {
                replica.entries.append(entry)
            } else {
                warn(.noted, "record \(entry.transaction) of the file does not verify and is left out")
            }
        }
    }

    private mutating func list(_ nodes: [NodeConnection]) async throws {
        for node in nodes {
            do {
                lists.append((node, try await node.ownRecords()))
            } catch let error as ConnectionError where nodes.count > 1 {
                warn(.behind, "\(node.address) does not list your records: \(error)")
            }
        }
        guard !lists.isEmpty else { throw ConnectionError("no node lists your records; name one that runs") }
    }

    /// A record that one node lists and another, which is as far, does not.
    private mutating func compareLists() async throws {
        let all = lists.reduce(into: [Hash32: OwnRecords.Place]()) { $0.merge($1.own.places) { one, _ in one } }
        for (index, list) in lists.enumerated() {
            let unlisted = all.filter { list.own.places[$0.key] == nil && $0.value.height <= list.own.height }
            let missing = unlisted.filter { $0.value.height >= list.own.keptFrom }
            if missing.count < unlisted.count {
                warn(
                    .noted,
                    "\(list.node.address) keeps statements from block \(list.own.keptFrom) on, and does not list older ones"
                )
            }
            guard !missing.isEmpty else { continue }
            // What is whose changes with the ledger's state: who was asked first is asked again before it is blamed.
            let again = try await list.node.ownRecords()
            lists[index].own = again
            for id in missing.keys.sorted(by: { $0.hex < $1.hex }) where again.places[id] == nil {
                warn(.broken, "\(list.node.address) withholds record \(id), which another node shows as yours")
            }
        }
    }

    /// A kept record that a node shows elsewhere, as refused, or not at all.
    private mutating func compareKept() async throws {
        for entry in replica.entries {
            let content = try entry.content(in: replica.genesis)
            let kept = OwnRecords.Place(height: content.height, leafIndex: content.leafIndex)
            for (node, own) in lists where kept.height <= own.height {
                var place = own.places[entry.transaction]
                let isListed = place != nil
                if !isListed { place = try await node.place(of: entry.transaction) }
                switch place {
                case nil:
                    warn(
                        .broken, "record \(entry.transaction) has disappeared from \(node.address); you hold its proof")
                case kept where !isListed:
                    warn(
                        .noted, "record \(entry.transaction) is not among those that \(node.address) shows you any more"
                    )
                case kept: break
                case let other?:
                    let now = other.leafIndex.map { "leaf \($0)" } ?? "refused"
                    warn(
                        .broken,
                        "\(node.address) shows record \(entry.transaction) otherwise than it was final: block \(other.height), \(now); you hold block \(kept.height), leaf \(content.leafIndex)"
                    )
                }
            }
        }
    }

    private mutating func fetch(since previous: Checkpoint?) async throws {
        var known = Set(replica.entries.map(\.transaction))
        var refusedIDs: Set<Hash32> = []
        for (_, own) in lists {
            for id in own.ids {
                guard let leaf = own.places[id]?.leafIndex else {
                    refusedIDs.insert(id)
                    continue
                }
                guard known.insert(id).inserted, let entry = try await verified(id) else { continue }
                replica.entries.append(entry)
                added += 1
                if let previous, leaf < previous.size {
                    warn(
                        .noted,
                        "record \(id) is older than the last synchronisation: it became yours since, or it was missing from the file"
                    )
                }
            }
        }
        refused = refusedIDs.count
    }

    /// The evidence of a record from the first node whose evidence holds.
    private mutating func verified(_ id: Hash32) async throws -> RecordReplica.Entry? {
        var isKept = true
        for (node, own) in lists {
            guard let place = own.places[id] else { continue }
            do {
                let entry = RecordReplica.Entry(
                    transaction: id, bundle: try await node.get("/api/v1/transactions/\(id.hex)/evidence"))
                let content = try entry.content(in: replica.genesis)
                let report = EvidenceVerifier.verify(entry.bundle, expectedLedger: node.ledger)
                if let failed = report.checks.first(where: { !$0.passed }) {
                    warn(
                        .broken, "record \(id) of \(node.address) is not kept: \(failed.title) fails, \(failed.detail)")
                } else if content.height != place.height || content.leafIndex != place.leafIndex {
                    warn(
                        .broken, "record \(id) of \(node.address) is not kept: it is proved elsewhere than it is listed"
                    )
                } else {
                    heads.insert(content.checkpoint)
                    return entry
                }
            } catch let error as ConnectionError where error.status == 410 {
                isKept = false
            } catch let error as ConnectionError where error.status == nil {
                warn(.behind, "record \(id) could not be fetched: \(error)")
            } catch {
                warn(.broken, "record \(id) of \(node.address) is not kept: \(error)")
            }
        }
        if !isKept {
            warn(.behind, "of record \(id) these nodes have no statement any more; name another member's node")
        }
        return nil
    }

    /// The furthest head that the nodes show, once it is proved to extend all others of this round and the one kept.
    private mutating func takeHead(_ previous: Checkpoint?) async throws {
        var furthest: NodeConnection.Head?
        for (node, _) in lists {
            do {
                let head = try await node.head()
                heads.insert(head.checkpoint)
                if let previous, head.checkpoint.size < previous.size {
                    warn(
                        .behind,
                        "\(node.address) is behind the head you keep, \(head.checkpoint.size) leaves to \(previous.size): it lags, or was set back"
                    )
                }
                if furthest.map({ $0.checkpoint.size < head.checkpoint.size }) ?? true { furthest = head }
            } catch let error as ConnectionError where error.contradicts {
                contradicts = true
                warn(.broken, error.description)
            }
        }
        guard let furthest else { return }
        // One that is further is the head kept, of which was warned above; who does not have it cannot prove anything of it.
        let (node, newest) = (furthest.node, furthest.checkpoint)
        for head in heads where head != newest && head.size <= newest.size {
            if try await !node.proves(newest, extends: head) {
                contradicts = true
                warn(
                    .broken,
                    "the head of \(node.address), \(newest.size) leaves, does not extend one of \(head.size) leaves that was signed by a quorum too"
                )
            }
        }
        if furthest.checkpoint.size >= previous?.size ?? 0 {
            replica.checkpoint = furthest.note
            replica.changes = furthest.changes
        }
    }
}
