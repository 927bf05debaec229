/// What a quorum of members signs outside of the order, where the order or the execution cannot go on by itself.
///
/// `[matter, [[kid, signature]], [header]]`, each signature one over matter and headers, see ``Matter/content(in:with:)``.
public struct Resolution: Sendable, Hashable {
    /// Most headers between the last block that all know to be final and the one that a new order goes on from.
    public static let maximumHeaders = 1_000
    /// Epochs are small numbers; larger ones are nobody's.
    public static let maximumEpoch: UInt64 = 1 << 40

    public enum Matter: Sendable, Hashable {
        /// The orderer of this epoch begins with slot 0, and its first block follows the one of this height and header hash.
        case order(epoch: UInt64, after: UInt64, header: Hash32)
        /// The statement, which stopped the members' nodes in the block of this height, is refused without being executed.
        case rejection(of: Hash32, at: UInt64)

        /// Whose quorum it takes: the members that sign this height.
        public var height: UInt64 {
            switch self {
            case .order(_, let after, _): after + 1
            case .rejection(_, let height): height
            }
        }

        public var cbor: CBOR {
            switch self {
            case .order(let epoch, let after, let header):
                ["order", .unsigned(epoch), .unsigned(after), .hash(header)]
            case .rejection(let statement, let height): ["rejection", .hash(statement), .unsigned(height)]
            }
        }

        public init(cbor: CBOR) throws(LedgerError) {
            let parts = cbor.array ?? []
            switch parts.first?.text {
            case "order" where parts.count == 4:
                guard let epoch = parts[1].unsigned, epoch <= Resolution.maximumEpoch, let after = parts[2].unsigned,
                    after < .max,
                    let header = parts[3].hash32
                else { throw Self.malformed }
                self = .order(epoch: epoch, after: after, header: header)
            case "rejection" where parts.count == 3:
                guard let statement = parts[1].hash32, let height = parts[2].unsigned else { throw Self.malformed }
                self = .rejection(of: statement, at: height)
            default: throw Self.malformed
            }
        }

        private static var malformed: LedgerError {
            LedgerError(
                .block, "what members resolve is [order, epoch, height, header] or [rejection, statement, height]")
        }

        /// What each of them signs: `["cairn-resolution/1", ledger, matter, Merkle root of the headers as leaves]`.
        public func content(in ledger: Hash32, with headers: [Bytes]) -> Bytes {
            let root = MerkleTree.root(headers.map { MerkleTree.leafHash($0) })
            return CBOR.array(["cairn-resolution/1", .hash(ledger), cbor, .hash(root)]).encoded()
        }
    }

    public let matter: Matter
    public let votes: [Vote]
    /// Of a new order: headers up to the one that it goes on from, each following the one before it.
    public let headers: [Bytes]

    public init(_ matter: Matter, votes: [Vote], headers: [Bytes] = []) {
        self.matter = matter
        self.votes = votes
        self.headers = headers
    }

    public func isSigned(by members: MemberHistory, of ledger: Hash32) -> Bool {
        let signers = members.members(at: matter.height)
        let valid = FinalityCertificate(votes: votes).validVotes(
            over: matter.content(in: ledger, with: headers), in: signers)
        return valid >= signers.quorum
    }

    public var cbor: CBOR {
        [
            matter.cbor, .array(votes.map { [.hash($0.kid), .bytes($0.signature)] }),
            .array(headers.map { .bytes($0) }),
        ]
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 3, let signed = parts[1].array, let headers = parts[2].array,
            signed.count <= MemberSet.maximum, headers.count <= Self.maximumHeaders
        else { throw LedgerError(.block, "a resolution is [matter, [[kid, signature]], [header]]") }
        var votes: [Vote] = []
        for item in signed {
            guard let pair = item.array, pair.count == 2, let kid = pair[0].hash32, let signature = pair[1].bytes
            else { throw LedgerError(.block, "a signature of a resolution is [kid, signature]") }
            votes.append(Vote(kid: kid, signature: signature))
        }
        self.init(try Matter(cbor: parts[0]), votes: votes, headers: headers.compactMap(\.bytes))
    }
}
