/// The protected header of a statement: `{1: alg, 3: content type, 4: kid, 15: CWT claims}`.
struct StatementHeader: Sendable {
    let algorithm: SignatureAlgorithm
    let kid: Hash32
    let issuer: String
    let subject: String
    let validUntil: UInt64
    let nonce: Bytes
    let ledger: Hash32

    func encoded() -> Bytes {
        var encoder = CBOREncoder(capacity: 224)
        encoder.map(4)
        encoder.unsigned(1)
        encoder.int(algorithm.rawValue)
        encoder.unsigned(3)
        encoder.text(Operation.contentType)
        encoder.unsigned(4)
        encoder.hash(kid)
        encoder.unsigned(15)
        encoder.map(5)
        encoder.unsigned(1)
        encoder.text(issuer)
        encoder.unsigned(2)
        encoder.text(subject)
        encoder.unsigned(4)
        encoder.unsigned(validUntil)
        encoder.unsigned(7)
        encoder.bytes(nonce)
        encoder.int(Statement.ledgerClaim)
        encoder.hash(ledger)
        return encoder.bytes
    }
}

extension StatementHeader {
    /// Decodes a header that has these members and no others, so that nobody signs what we do not read.
    init(decoding bytes: Bytes) throws(LedgerError) {
        guard let header = try CBOR.decode(bytes).map, header.count == 4,
            let algorithm = header[1]?.int.flatMap(SignatureAlgorithm.init(rawValue:)),
            header[3] == .text(Operation.contentType), let kid = header[4]?.hash32, let claims = header[15]?.map
        else {
            throw LedgerError(
                .statement,
                "the protected header is {1: alg (-8 or -7), 3: \"\(Operation.contentType)\", 4: kid, 15: claims}")
        }
        guard claims.count == 5, let issuer = claims[1]?.text, let subject = claims[2]?.text,
            let validUntil = claims[4]?.unsigned, let nonce = claims[7]?.bytes,
            let ledger = claims[CBOR(Statement.ledgerClaim)]?.hash32
        else {
            throw LedgerError(
                .statement, "the CWT claims are {1: iss, 2: sub, 4: exp, 7: cti, -65537: ledger id}")
        }
        guard Statement.nonceLengths.contains(nonce.count) else {
            throw LedgerError(.statement, "the nonce (cti) has 8 to 16 bytes, this one \(nonce.count)")
        }
        for name in [issuer, subject] where name.isEmpty || name.utf8.count > Statement.maximumNameLength {
            throw LedgerError(.limit, "iss and sub have 1 to \(Statement.maximumNameLength) bytes")
        }
        self.init(
            algorithm: algorithm, kid: kid, issuer: issuer, subject: subject, validUntil: validUntil, nonce: nonce,
            ledger: ledger)
    }
}
