/// Signatures of today over blocks of long ago (after RFC 4998): a later head, final by the members of its height, and the
/// places of the older blocks' SEAL leaves in its log.
///
/// A SEAL leaf is a header's bytes, so whoever believes the later head believes the older blocks, whatever has become of the
/// keys that signed them: a forger of an old block would have to forge a signature of today.
public struct Renewal: Sendable {
    public let head: EvidenceBundle.Block
    /// One for each block that is renewed, in their order.
    public let seals: [InclusionProof]

    public init(head: EvidenceBundle.Block, seals: [InclusionProof]) {
        self.head = head
        self.seals = seals
    }

    public var cbor: CBOR {
        .array([.bytes(head.header), .bytes(head.certificate), .array(seals.map(\.cbor))])
    }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 3, let header = parts[0].bytes, let votes = parts[1].bytes,
            let items = parts[2].array
        else { throw LedgerError(.evidence, "a renewal is [header, certificate, [* inclusion]]") }
        var seals: [InclusionProof] = []
        for item in items { seals.append(try InclusionProof(cbor: item)) }
        self.init(head: .init(header: header, certificate: votes), seals: seals)
    }

    /// As a node answers: the renewal, and the changes of members up to its head.
    public func answer(with changes: [MemberHistory.Announcement]) -> Bytes {
        CBOR.array([cbor, MemberHistory.cbor(changes)]).encoded()
    }

    public static func answer(
        decoding bytes: Bytes
    ) throws(LedgerError) -> (renewal: Renewal, changes: [MemberHistory.Announcement]) {
        guard let parts = try CBOR.decode(bytes, limits: .large).array, parts.count == 2 else {
            throw LedgerError(.evidence, "an answer is [renewal, changes of members]")
        }
        return (try Renewal(cbor: parts[0]), try MemberHistory.announcements(parts[1]))
    }

    /// Whether the block of a header lies in the log of the renewal's head.
    func covers(_ block: BlockHeader, bytes: Bytes, at index: Int, under head: BlockHeader) -> Bool {
        guard seals.indices.contains(index), head.height > block.height else { return false }
        let seal = seals[index]
        return seal.index == block.logSize && seal.size == head.logSize
            && seal.root(of: MerkleTree.leafHash(bytes)) == head.logRoot
    }
}

extension EvidenceBundle {
    /// The heights of its blocks, in their order.
    public func heights() throws(LedgerError) -> [UInt64] {
        var heights: [UInt64] = []
        for block in blocks { heights.append(try BlockHeader(decoding: block.header).height) }
        return heights
    }

    /// The same evidence with signatures of today; those of an earlier renewal are no longer needed.
    public func renewed(by renewal: Renewal, changes: [MemberHistory.Announcement]) -> EvidenceBundle {
        var bundle = self
        bundle.renewal = renewal
        bundle.changes = changes
        return bundle
    }
}
