/// Records of a ledger with all that an outsider needs to verify them, in one file.
public struct EvidenceBundle: Sendable {
    public static let contentType = "application/vnd.cairn.evidence+cbor"
    static let format = "cairn-evidence/1"

    public struct Block: Sendable {
        public let header: Bytes
        public let certificate: Bytes
        public init(header: Bytes, certificate: Bytes) {
            self.header = header
            self.certificate = certificate
        }
    }

    public struct Record: Sendable {
        /// Index into ``EvidenceBundle/blocks``.
        public let block: Int
        public let statement: Bytes
        public let inclusion: InclusionProof
        public init(block: Int, statement: Bytes, inclusion: InclusionProof) {
            self.block = block
            self.statement = statement
            self.inclusion = inclusion
        }
    }

    public struct StateRecord: Sendable {
        public let key: Bytes
        public let value: Bytes
        public let proof: StateProof
        public init(key: Bytes, value: Bytes, proof: StateProof) {
            self.key = key
            self.value = value
            self.proof = proof
        }
    }

    public struct ProvedReading: Sendable {
        /// Index into ``EvidenceBundle/records`` of the batch.
        public let record: Int
        public let reading: Bytes
        public let inclusion: InclusionProof
        public init(record: Int, reading: Bytes, inclusion: InclusionProof) {
            self.record = record
            self.reading = reading
            self.inclusion = inclusion
        }
    }

    public var genesis: Bytes
    /// The last one is the head that the state records are proved against.
    public var blocks: [Block]
    public var records: [Record]
    public var state: [StateRecord]
    public var readings: [ProvedReading]
    public var checkpoint: String?
    /// Titles and texts for people; not proved.
    public var notes: [(title: String, text: String)]
    /// Changes of the ledger's members up to the head, in order.
    public var changes: [MemberHistory.Announcement]
    /// Signatures of later members over its blocks; nil before the first renewal.
    public var renewal: Renewal?

    public init(
        genesis: Bytes, blocks: [Block], records: [Record], state: [StateRecord], readings: [ProvedReading] = [],
        checkpoint: String? = nil, notes: [(title: String, text: String)] = [],
        changes: [MemberHistory.Announcement] = []
    ) {
        self.genesis = genesis
        self.blocks = blocks
        self.records = records
        self.state = state
        self.readings = readings
        self.checkpoint = checkpoint
        self.notes = notes
        self.changes = changes
    }

    public func encoded() -> Bytes {
        var members: [(CBOR, CBOR)] = [
            (1, .text(Self.format)), (2, .bytes(genesis)),
            (3, .array(blocks.map { .array([.bytes($0.header), .bytes($0.certificate)]) })),
            (
                4,
                .array(records.map { .array([.unsigned(UInt64($0.block)), .bytes($0.statement), $0.inclusion.cbor]) })
            ),
            (5, .array(state.map { .array([.bytes($0.key), .bytes($0.value), $0.proof.cbor]) })),
            (
                6,
                .array(readings.map { .array([.unsigned(UInt64($0.record)), .bytes($0.reading), $0.inclusion.cbor]) })
            ),
            (7, .optional(checkpoint)),
        ]
        if !notes.isEmpty { members.append((8, .array(notes.map { .array([.text($0.title), .text($0.text)]) }))) }
        if !changes.isEmpty { members.append((9, MemberHistory.cbor(changes))) }
        if let renewal { members.append((10, renewal.cbor)) }
        return CBOR.map(CBORMap(members)).encoded()
    }

    public init(decoding bytes: Bytes) throws(LedgerError) {
        let malformed = LedgerError(.evidence, "this is not a \(Self.format) file")
        guard let map = try CBOR.decode(bytes, limits: .large).map, map[1] == .text(Self.format),
            let genesis = map[2]?.bytes, let blocks = map[3]?.array, let records = map[4]?.array,
            let state = map[5]?.array, let readings = map[6]?.array, let checkpoint = map[7],
            checkpoint.isNull || checkpoint.text != nil, !blocks.isEmpty
        else { throw malformed }
        // A member that is not known is not passed over: it may have been one that is.
        guard (1...10).filter({ map[CBOR.unsigned($0)] != nil }).count == map.count else { throw malformed }
        self.genesis = genesis
        self.checkpoint = checkpoint.text
        self.blocks = []
        self.records = []
        self.state = []
        self.readings = []
        changes = try map[9].map { cbor throws(LedgerError) in try MemberHistory.announcements(cbor) } ?? []
        renewal = try map[10].map { cbor throws(LedgerError) in try Renewal(cbor: cbor) }
        for item in blocks {
            guard let parts = item.array, parts.count == 2, let header = parts[0].bytes, let votes = parts[1].bytes
            else { throw malformed }
            self.blocks.append(Block(header: header, certificate: votes))
        }
        for item in records {
            let (index, statement, proof) = try Self.proved(item, below: blocks.count)
            self.records.append(Record(block: index, statement: statement, inclusion: proof))
        }
        for item in state {
            guard let parts = item.array, parts.count == 3, let key = parts[0].bytes, let value = parts[1].bytes
            else { throw malformed }
            self.state.append(StateRecord(key: key, value: value, proof: try StateProof(cbor: parts[2])))
        }
        for item in readings {
            let (index, reading, proof) = try Self.proved(item, below: records.count)
            self.readings.append(ProvedReading(record: index, reading: reading, inclusion: proof))
        }
        notes = (map[8]?.array ?? []).compactMap { item in
            guard let pair = item.array, pair.count == 2, let title = pair[0].text, let text = pair[1].text
            else { return nil }
            return (title, text)
        }
    }

    private static func proved(_ item: CBOR, below count: Int) throws(LedgerError) -> (Int, Bytes, InclusionProof) {
        guard let parts = item.array, parts.count == 3, let index = parts[0].unsigned, index < UInt64(count),
            let bytes = parts[1].bytes
        else { throw LedgerError(.evidence, "a proved item is [index, bytes, inclusion]") }
        return (Int(index), bytes, try InclusionProof(cbor: parts[2]))
    }
}
