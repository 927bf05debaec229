/// The records of a ledger that concern one participant, each with its evidence, in one file that needs no node.
///
/// The file is a CBOR sequence (docs/reference/formats.md, "Replica of a participant's records"): a list of what it holds, then an
/// evidence bundle for each record. The list has place and hash of each, so that damage is found where it is.
public struct RecordReplica: Sendable {
    static let format = "cairn-replica/1"

    public struct Entry: Sendable {
        public let transaction: Hash32
        /// An ``EvidenceBundle`` of this one record.
        public let bundle: Bytes

        public init(transaction: Hash32, bundle: Bytes) {
            self.transaction = transaction
            self.bundle = bundle
        }
    }

    /// What a kept record says, read from its bundle.
    public struct Content: Sendable {
        public let statement: Statement
        public let height: UInt64
        /// Ledger time of the block, ms since 1970.
        public let time: UInt64
        public let leafIndex: UInt64
        /// Of the ledger when the record was fetched.
        public let checkpoint: Checkpoint
    }

    /// A place in a file that is not as it was written.
    public struct Damage: Sendable, Hashable {
        /// Counted from 1 in the list of the file.
        public let record: Int
        public let transaction: Hash32
        /// Offset in the file.
        public let byte: Int
        public let detail: String
    }

    public let genesis: Genesis
    public let participant: String
    /// Head of the ledger at the last synchronisation, signed by a quorum.
    public var checkpoint: String
    public var entries: [Entry]
    /// Changes of the ledger's members until then.
    public var changes: [MemberHistory.Announcement] = []

    public init(genesis: Genesis, participant: String, checkpoint: String, entries: [Entry] = []) {
        self.genesis = genesis
        self.participant = participant
        self.checkpoint = checkpoint
        self.entries = entries
    }

    public func encoded() -> Bytes {
        let list = entries.map { entry -> CBOR in
            .array([
                .hash(entry.transaction), .unsigned(UInt64(entry.bundle.count)), .hash(Hash32.sha256(entry.bundle)),
            ])
        }
        let announced: [CBOR] = changes.isEmpty ? [] : [MemberHistory.cbor(changes)]
        let content = CBOR.array(
            [.bytes(genesis.bytes), .text(participant), .text(checkpoint), .array(list)] + announced
        ).encoded()
        let head = CBOR.array([.text(Self.format), .hash(Hash32.sha256(content)), .bytes(content)])
        return entries.reduce(into: head.encoded()) { $0 += $1.bundle }
    }

    /// Reads a file; what is damaged is left out of the entries and told.
    ///
    /// - Throws: ``LedgerError`` when the list at the file's beginning cannot be read: nothing behind it can be found then.
    public static func read(_ bytes: Bytes) throws(LedgerError) -> (replica: RecordReplica, damage: [Damage]) {
        var decoder = CBORDecoder(bytes: bytes, mode: .deterministic, limits: .large)
        let head = try decoder.item(depth: 0)
        guard let outer = head.array, outer.count == 3, outer[0] == .text(format), let hash = outer[1].hash32,
            let content = outer[2].bytes
        else { throw LedgerError(.evidence, "this is not a \(format) file") }
        guard Hash32.sha256(content) == hash else {
            throw LedgerError(.evidence, "the list does not have the hash that stands before it")
        }
        guard let parts = try CBOR.decode(content, limits: .large).array, 4...5 ~= parts.count,
            let genesis = parts[0].bytes, let participant = parts[1].text, let checkpoint = parts[2].text,
            let list = parts[3].array
        else {
            throw LedgerError(
                .evidence, "the list of a \(format) file is [genesis, participant, checkpoint, records, ? changes]")
        }
        var replica = RecordReplica(
            genesis: try Genesis(decoding: genesis), participant: participant, checkpoint: checkpoint)
        if parts.count == 5 { replica.changes = try MemberHistory.announcements(parts[4]) }
        var places: [(transaction: Hash32, count: Int, hash: Hash32)] = []
        for item in list {
            guard let parts = item.array, parts.count == 3, let id = parts[0].hash32, let count = parts[1].unsigned,
                count <= UInt64(bytes.count), let hash = parts[2].hash32
            else { throw LedgerError(.evidence, "a record in the list of a \(format) file is [id, length, SHA-256]") }
            places.append((id, Int(count), hash))
        }
        var offset = decoder.position
        func bundle(_ index: Int) -> Bytes? {
            guard places.indices.contains(index), offset + places[index].count <= bytes.count else { return nil }
            let found = Bytes(bytes[offset..<offset + places[index].count])
            return Hash32.sha256(found) == places[index].hash ? found : nil
        }
        var damage: [Damage] = []
        for (index, place) in places.enumerated() {
            if let found = bundle(index) {
                replica.entries.append(Entry(transaction: place.transaction, bundle: found))
                offset += place.count
                continue
            }
            // Where the next record stands in its place, or the file ends, it was cut out; the others are still found.
            let isCut = bundle(index + 1) != nil || offset + place.count > bytes.count
            damage.append(
                Damage(
                    record: index + 1, transaction: place.transaction, byte: offset,
                    detail: isCut ? "it is not in the file" : "its \(place.count) bytes are not those written"))
            if !isCut { offset += place.count }
        }
        return (replica, damage)
    }
}

extension RecordReplica.Entry {
    /// - Throws: ``LedgerError`` when the bundle is not one of this record alone, with a checkpoint.
    public func content(in genesis: Genesis) throws(LedgerError) -> RecordReplica.Content {
        let bundle = try EvidenceBundle(decoding: bundle)
        guard bundle.records.count == 1, let note = bundle.checkpoint else {
            throw LedgerError(.evidence, "a replica keeps one record in a bundle, with a checkpoint")
        }
        let record = bundle.records[0]
        let statement = try Statement(decoding: record.statement)
        guard statement.id == transaction else {
            throw LedgerError(.evidence, "the evidence is of \(statement.id), which is another record")
        }
        let header = try BlockHeader(decoding: bundle.blocks[record.block].header)
        return RecordReplica.Content(
            statement: statement, height: header.height, time: header.time, leafIndex: record.inclusion.index,
            checkpoint: try Checkpoint.ofQuorum(
                note, ledger: genesis.id, try MemberHistory(genesis, announced: bundle.changes)))
    }
}

extension Checkpoint {
    /// The checkpoint of a note that a quorum of a ledger's members signed, and nobody else.
    public static func ofQuorum(
        _ note: String, ledger: Hash32, _ members: MemberHistory
    ) throws(LedgerError) -> Checkpoint {
        let (checkpoint, signers, others) = try verify(note: note, ledger: ledger, members: members)
        let quorum = members.members(atLogSize: checkpoint.size).quorum
        guard signers.count >= quorum, others == 0 else {
            throw LedgerError(.checkpoint, "\(signers.count) members signed the head; \(quorum) are needed")
        }
        return checkpoint
    }
}
