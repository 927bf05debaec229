/// One member's signature over a block header.
public struct Vote: Sendable, Hashable {
    public let kid: Hash32
    public let signature: Bytes

    public init(kid: Hash32, signature: Bytes) {
        self.kid = kid
        self.signature = signature
    }

    /// Signs the encoded header as one signer of a COSE_Sign (RFC 9052 §4.4) with detached payload.
    public static func sign(_ header: Bytes, with key: SigningKey) -> Vote {
        Vote(kid: key.kid, signature: key.sign(message(header, key.algorithm, key.kid)))
    }

    public func isValid(over header: Bytes, with key: VerifyingKey) -> Bool {
        key.kid == kid && key.isValid(signature, for: Self.message(header, key.algorithm, kid))
    }

    private static func message(_ header: Bytes, _ algorithm: SignatureAlgorithm, _ kid: Hash32) -> Bytes {
        var encoder = CBOREncoder(capacity: header.count + 80)
        encoder.array(5)
        encoder.text("Signature")
        encoder.bytes([])
        encoder.bytes(COSESign1.protectedHeader(algorithm, kid: kid))
        encoder.bytes([])
        encoder.bytes(header)
        return encoder.bytes
    }
}

/// A COSE_Sign (tag 98) over a block header by a quorum of members: the block is FINAL.
public struct FinalityCertificate: Sendable, Hashable {
    static let tag: UInt64 = 98
    public let votes: [Vote]

    public init(votes: [Vote]) {
        self.votes = votes
    }

    /// How many distinct members of `set` signed `header`; a certificate counts from `set.quorum`.
    public func validVotes(over header: Bytes, in set: MemberSet) -> Int {
        var seen: Set<Hash32> = []
        for vote in votes {
            guard let member = set.member(kid: vote.kid), !seen.contains(vote.kid),
                vote.isValid(over: header, with: member.key)
            else { continue }
            seen.insert(vote.kid)
        }
        return seen.count
    }

    public func encoded() -> Bytes {
        var encoder = CBOREncoder(capacity: 24 + votes.count * 112)
        encoder.tag(Self.tag)
        encoder.array(4)
        encoder.bytes([])
        encoder.map(0)
        encoder.null()
        encoder.array(votes.count)
        for vote in votes {
            encoder.array(3)
            encoder.bytes(COSESign1.protectedHeader(.edDSA, kid: vote.kid))
            encoder.map(0)
            encoder.bytes(vote.signature)
        }
        return encoder.bytes
    }

    public init(decoding bytes: Bytes) throws(LedgerError) {
        guard case .tagged(Self.tag, .array(let parts)) = try CBOR.decode(bytes), parts.count == 4,
            parts[0] == .bytes([]), parts[1].map?.count == 0, parts[2].isNull, let signers = parts[3].array,
            signers.count <= MemberSet.maximum
        else { throw LedgerError(.block, "a finality certificate is a COSE_Sign (tag 98) with detached payload") }
        var votes: [Vote] = []
        for signer in signers {
            guard let fields = signer.array, fields.count == 3, let protected = fields[0].bytes,
                fields[1].map?.count == 0, let signature = fields[2].bytes,
                let header = try CBOR.decode(protected).map, header.count == 2,
                header[1]?.int == SignatureAlgorithm.edDSA.rawValue,
                let kid = header[4]?.hash32
            else { throw LedgerError(.block, "a vote is [{1: alg, 4: kid}, {}, signature]") }
            votes.append(Vote(kid: kid, signature: signature))
        }
        self.votes = votes
    }
}
