/// The members of a ledger with their signing keys, ordered by id, and the arithmetic of their quorum.
public struct MemberSet: Sendable, Hashable {
    public struct Member: Sendable, Hashable {
        public let id: String
        public let key: VerifyingKey

        public init(id: String, key: VerifyingKey) {
            self.id = id
            self.key = key
        }
    }

    /// Most members a ledger can have.
    public static let maximum = 100

    public let members: [Member]

    public init(_ members: [Member]) throws(LedgerError) {
        guard !members.isEmpty, members.count <= Self.maximum else {
            throw LedgerError(.block, "a ledger has 1 to \(Self.maximum) members")
        }
        let ordered = members.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        guard Set(ordered.map(\.id)).count == ordered.count, Set(ordered.map(\.key)).count == ordered.count else {
            throw LedgerError(.block, "two members share an id or a key")
        }
        // Votes, receipts and checkpoints are Ed25519: C2SP notes know no P-256.
        guard ordered.allSatisfy({ $0.key.algorithm == .edDSA }) else {
            throw LedgerError(.block, "a member's key is Ed25519")
        }
        self.members = ordered
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let items = cbor.array else { throw LedgerError(.block, "a member set is a list of [id, key]") }
        var members: [Member] = []
        for item in items {
            guard let pair = item.array, pair.count == 2, let id = pair[0].text else {
                throw LedgerError(.block, "a member is [id, COSE key]")
            }
            members.append(Member(id: id, key: try VerifyingKey(coseKey: pair[1].encoded())))
        }
        try self.init(members)
        guard self.members == members else { throw LedgerError(.block, "a member set is ordered by id") }
    }

    public var cbor: CBOR {
        .array(members.map { .array([.text($0.id), (try? CBOR.decode($0.key.coseKey)) ?? .null]) })
    }

    /// SHA-256 of the encoded set, as a header names it.
    public var hash: Hash32 { Hash32.sha256(cbor.encoded()) }
    public var count: Int { members.count }

    /// f = ⌊(n−1)/3⌋, the lying members that the quorum rule is built for.
    public var faultBound: Int { Self.faultBound(of: count) }
    /// q = ⌈(n+f+1)/2⌉: any two quorums share more than f members.
    public var quorum: Int { Self.quorum(of: count) }

    private static func faultBound(of count: Int) -> Int { (count - 1) / 3 }
    public static func quorum(of count: Int) -> Int { (count + faultBound(of: count) + 2) / 2 }
    /// Lying members with which two conflicting blocks still cannot both be final: 2q − n − 1.
    public var liarsSurvived: Int { 2 * quorum - count - 1 }
    /// Silent members with which blocks still become final: n − q.
    public var silentSurvived: Int { count - quorum }

    public func member(kid: Hash32) -> Member? { members.first { $0.key.kid == kid } }
    public func index(of id: String) -> Int? { members.firstIndex { $0.id == id } }
}
