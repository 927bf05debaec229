/// A COSE Receipt (RFC 9942): a member's signature over a log root that an inclusion proof leads to.
public enum Receipt {
    private static let vdsLabel: UInt64 = 395
    private static let vdpLabel: UInt64 = 396
    /// RFC9162_SHA256 in the registry of verifiable data structures.
    private static let rfc9162SHA256: UInt64 = 1

    /// - Parameters:
    ///   - root: the log's root at `proof.size`, which is signed and not carried.
    ///   - issuer: `<ledger id hex>/<member id>`.
    ///   - subject: the transaction id in hex.
    public static func sign(
        root: Hash32, proof: InclusionProof, issuer: String, subject: String, with key: SigningKey
    ) -> Bytes {
        let protected = CBOR.map(
            CBORMap([
                (1, CBOR(key.algorithm.rawValue)), (4, .hash(key.kid)),
                (15, .map(CBORMap([(1, .text(issuer)), (2, .text(subject))]))),
                (.unsigned(vdsLabel), .unsigned(rfc9162SHA256)),
            ])
        ).encoded()
        let signature = key.sign(COSESign1.sigStructure(protected: protected, payload: root.bytes))
        let proofs = CBOR.map(CBORMap([(-1, .array([.bytes(proof.cbor.encoded())]))]))
        return CBOR.tagged(
            COSESign1.tag,
            .array([
                .bytes(protected), .map(CBORMap([(.unsigned(vdpLabel), proofs)])), .null, .bytes(signature),
            ])
        ).encoded()
    }

    /// Verifies a receipt for a statement's bytes from those bytes and the member's key alone.
    public static func verify(_ receipt: Bytes, for statement: Bytes, with key: VerifyingKey) throws(LedgerError) {
        guard case .tagged(COSESign1.tag, .array(let parts)) = try CBOR.decode(receipt), parts.count == 4,
            let protected = parts[0].bytes, let unprotected = parts[1].map, parts[2].isNull,
            let signature = parts[3].bytes,
            let header = try CBOR.decode(protected).map, header[.unsigned(vdsLabel)] == .unsigned(rfc9162SHA256),
            header[4]?.hash32 == key.kid, header[1]?.int == key.algorithm.rawValue,
            let proofs = unprotected[.unsigned(vdpLabel)]?.map?[-1]?.array, proofs.count == 1,
            let encoded = proofs[0].bytes
        else { throw LedgerError(.proof, "this is not an RFC 9942 receipt of the given key") }
        let proof = try InclusionProof(cbor: try CBOR.decode(encoded))
        guard let root = proof.root(of: MerkleTree.leafHash(statement)) else {
            throw LedgerError(.proof, "the receipt's path does not fit its tree size and leaf index")
        }
        guard key.isValid(signature, for: COSESign1.sigStructure(protected: protected, payload: root.bytes)) else {
            throw LedgerError(.signature, "the receipt's signature does not hold for this statement")
        }
    }
}
