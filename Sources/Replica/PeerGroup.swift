import Ledger
import Sequencing

/// A header with a member's signature, as members' nodes send it to one another.
public struct SignedHeader: Sendable, Hashable {
    public let header: Bytes
    public let vote: Vote

    public init(header: Bytes, vote: Vote) {
        self.header = header
        self.vote = vote
    }

    public var cbor: CBOR { .array([.bytes(header), .hash(vote.kid), .bytes(vote.signature)]) }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 3, let header = parts[0].bytes, let kid = parts[1].hash32,
            let signature = parts[2].bytes
        else { throw LedgerError(.block, "a signed header is [header, kid, signature]") }
        self.init(header: header, vote: Vote(kid: kid, signature: signature))
    }
}

/// A final block as one member's node gives it to another, which executes it itself. Its sender signs that these statements belong to the
/// header: if they do not, the signature is evidence.
public struct CertifiedBlock: Sendable {
    public let header: Bytes
    public let certificate: Bytes
    /// The slot that its sender made it of. No quorum signed it: who takes it compares the slot with the block.
    public let slot: UInt64?
    public let statements: [Bytes]
    public let signature: Bytes

    private init(header: Bytes, certificate: Bytes, slot: UInt64?, statements: [Bytes], signature: Bytes) {
        self.header = header
        self.certificate = certificate
        self.slot = slot
        self.statements = statements
        self.signature = signature
    }

    public static func sign(
        header: Bytes, certificate: Bytes, slot: UInt64?, statements: [Bytes], with key: SigningKey
    ) -> CertifiedBlock {
        CertifiedBlock(
            header: header, certificate: certificate, slot: slot, statements: statements,
            signature: COSESign1.signDetached(payload(header, slot, statements), externalAAD: [], with: key))
    }

    public func isSigned(by key: VerifyingKey) -> Bool {
        COSESign1.verifyDetached(
            signature, payload: Self.payload(header, slot, statements), externalAAD: [], with: key)
    }

    private static func payload(_ header: Bytes, _ slot: UInt64?, _ statements: [Bytes]) -> Bytes {
        CBOR.array([
            "cairn-block/1", .hash(Hash32.sha256(header)), .optional(slot),
            .hash(MerkleTree.root(statements.map { MerkleTree.leafHash($0) })),
        ]).encoded()
    }

    public var cbor: CBOR {
        .array([
            .bytes(header), .bytes(certificate), .optional(slot), .array(statements.map { .bytes($0) }),
            .bytes(signature),
        ])
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 5, let header = parts[0].bytes, let certificate = parts[1].bytes,
            let statements = parts[3].array, let signature = parts[4].bytes, parts[2].unsigned ?? 0 <= Int64.max
        else { throw LedgerError(.block, "a certified block is [header, certificate, slot, statements, signature]") }
        self.init(
            header: header, certificate: certificate, slot: parts[2].unsigned,
            statements: statements.compactMap(\.bytes), signature: signature)
    }
}

/// Where a peer is, and what it holds of the member that asks.
public struct PeerStanding: Sendable {
    public let finalHeight: UInt64
    /// The highest header that the peer knows the asking member to have signed.
    public let lastVote: SignedHeader?
    /// What members resolved outside of the order, for who was away.
    public let resolutions: [Resolution]

    public init(finalHeight: UInt64, lastVote: SignedHeader?, resolutions: [Resolution] = []) {
        self.finalHeight = finalHeight
        self.lastVote = lastVote
        self.resolutions = resolutions
    }

    public var cbor: CBOR {
        .array([.unsigned(finalHeight), lastVote?.cbor ?? .null, .array(resolutions.map(\.cbor))])
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 3, let height = parts[0].unsigned, let resolved = parts[2].array
        else { throw LedgerError(.block, "a standing is [final height, signed header or null, [resolution]]") }
        var resolutions: [Resolution] = []
        for item in resolved { resolutions.append(try Resolution(cbor: item)) }
        self.init(
            finalHeight: height, lastVote: parts[1].isNull ? nil : try SignedHeader(cbor: parts[1]),
            resolutions: resolutions)
    }
}

/// What a member's node tells the others by itself.
public struct PeerNews: Sendable {
    public let votes: [SignedHeader]
    public let clock: SignedClock?

    public init(votes: [SignedHeader] = [], clock: SignedClock? = nil) {
        self.votes = votes
        self.clock = clock
    }

    public var cbor: CBOR { .array([.array(votes.map(\.cbor)), clock?.cbor ?? .null]) }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 2, let list = parts[0].array else {
            throw LedgerError(.block, "news of a peer are [[signed header], signed clock or null]")
        }
        var votes: [SignedHeader] = []
        for item in list { votes.append(try SignedHeader(cbor: item)) }
        self.init(votes: votes, clock: parts[1].isNull ? nil : try SignedClock(cbor: parts[1]))
    }
}

/// What a member's node asks the others to sign, because the order or the execution cannot go on by itself.
public enum ResolutionRequest: Sendable {
    /// A new order after the block that the headers end with.
    case order(epoch: UInt64, headers: [Bytes])
    case rejection(of: Hash32)

    public var cbor: CBOR {
        switch self {
        case .order(let epoch, let headers): ["order", .unsigned(epoch), .array(headers.map { .bytes($0) })]
        case .rejection(let statement): ["rejection", .hash(statement)]
        }
    }

    public init(cbor: CBOR) throws(LedgerError) {
        let parts = cbor.array ?? []
        if parts.count == 3, parts[0] == "order", let epoch = parts[1].unsigned, epoch <= Resolution.maximumEpoch,
            let headers = parts[2].array
        {
            self = .order(epoch: epoch, headers: headers.compactMap(\.bytes))
        } else if parts.count == 2, parts[0] == "rejection", let statement = parts[1].hash32 {
            self = .rejection(of: statement)
        } else {
            throw LedgerError(.block, "what is to be signed is [order, epoch, [header]] or [rejection, statement]")
        }
    }
}

/// What the node that was asked answers.
public enum ResolutionAnswer: Sendable {
    case vote(Vote)
    /// Why it does not sign, and the epoch that its member has signed for.
    case refusal(String, epoch: UInt64)

    public var cbor: CBOR {
        switch self {
        case .vote(let vote): [.hash(vote.kid), .bytes(vote.signature)]
        case .refusal(let reason, let epoch): [.text(reason), .unsigned(epoch)]
        }
    }

    public init(cbor: CBOR) throws(LedgerError) {
        let parts = cbor.array ?? []
        if parts.count == 2, let kid = parts[0].hash32, let signature = parts[1].bytes {
            self = .vote(Vote(kid: kid, signature: signature))
        } else if parts.count == 2, let reason = parts[0].text, let epoch = parts[1].unsigned {
            self = .refusal(reason, epoch: epoch)
        } else {
            throw LedgerError(.block, "a member answers [kid, signature] or [reason, epoch]")
        }
    }
}

/// The nodes of a ledger's other members.
public protocol PeerGroup: Sendable {
    /// Ids of the other members that are known.
    var members: [String] { get }
    /// Takes up where the ledger says that members' nodes are reached, by which keys they are known, and which members have left it.
    func use(_ addresses: [String: String], of members: MemberHistory, without left: Set<String>)
    /// The key that a member's node shows: the one that the ledger names, or a later one where more is known than this node's ledger has.
    func key(of member: String) -> VerifyingKey?
    /// Sends votes and this member's clock to all of them, without waiting. Votes that do not arrive are fetched by those who lack them, and a
    /// clock is followed by the next.
    func publish(_ news: PeerNews)
    func standing(of member: String) async throws -> PeerStanding
    /// Votes from a height on that a member's node holds: certificates of final blocks, then its own.
    func votes(from height: UInt64, of member: String) async throws -> [SignedHeader]
    /// Final blocks from a height on that the member keeps with their statements, as many as fit an answer: the first may be a later one.
    func blocks(from height: UInt64, of member: String) async throws -> [CertifiedBlock]
    /// A final block whose state the member hands out.
    func snapshotOffer(of member: String) async throws -> SnapshotOffer
    /// Final blocks from a height on without their statements, as many as fit an answer.
    func bareBlocks(from height: UInt64, of member: String) async throws -> [BareBlock]
    /// Entries of the state at a block that was offered, after a key, as many as fit an answer; none after the last.
    func stateEntries(at height: UInt64, after key: Bytes, of member: String) async throws -> [StateEntry]
    /// The member's receipt of an accepted transaction; none where it has not got that far.
    func receipts(for transaction: Hash32, of member: String) async throws -> [Bytes]
    /// The member's cosignature lines on the tree head of a final block.
    func cosignatures(at height: UInt64, of member: String) async throws -> [String]
    /// Asks the member to sign what would let the ledger go on.
    func signature(for request: ResolutionRequest, of member: String) async throws -> ResolutionAnswer
}
