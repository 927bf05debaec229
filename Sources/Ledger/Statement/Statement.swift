/// A signed statement (RFC 9943) that asks the ledger for an operation: a transaction.
///
/// COSE_Sign1 over deterministic CBOR with CWT claims in the protected header (RFC 9597). An instance has been decoded strictly;
/// whether its signature holds is a question for ``isSigned(by:)``. A class, since it is handed on by many and changed by nobody.
public final class Statement: Sendable {
    /// Largest registered form, in bytes. C2SP entry bundles carry 16-bit lengths.
    public static let maximumSize = 60 * 1024
    /// Private-use CWT claim with the ledger id.
    static let ledgerClaim: Int64 = -65537
    /// Lengths a nonce (`cti`) may have.
    public static let nonceLengths = 8...16
    /// Longest issuer or subject, in UTF-8 bytes.
    public static let maximumNameLength = 200

    /// The registered form: tag 18, unprotected header empty. This is the leaf of the log.
    public let bytes: Bytes
    /// SHA-256 of the registered form with an empty signature.
    public let id: Hash32
    /// RFC 9162 leaf hash of ``bytes``.
    public let leafHash: Hash32
    public let algorithm: SignatureAlgorithm
    public let kid: Hash32
    /// `iss`: the participant who signs.
    public let issuer: String
    /// `sub`: what the statement is about.
    public let subject: String
    /// `exp`, seconds since 1970: not accepted after this ledger time.
    public let validUntil: UInt64
    /// `cti`.
    public let nonce: Bytes
    public let ledger: Hash32
    public let operation: Operation

    private let protected: Bytes
    private let payload: Bytes
    public let signature: Bytes

    /// Decodes a statement; an unprotected header (receipts, for instance) is left out of the registered form.
    public convenience init(decoding submitted: Bytes) throws(LedgerError) {
        guard case .tagged(COSESign1.tag, .array(let parts)) = try CBOR.decode(submitted), parts.count == 4,
            let protected = parts[0].bytes, let unprotected = parts[1].map, let payload = parts[2].bytes,
            let signature = parts[3].bytes, signature.count == 64
        else {
            throw LedgerError(.statement, "a statement is a COSE_Sign1 (tag 18) with payload and a 64-byte signature")
        }
        let bytes =
            unprotected.count == 0
            ? submitted : Self.message(protected: protected, payload: payload, signature: signature)
        try self.init(bytes: bytes, protected: protected, payload: payload, signature: signature)
    }

    private init(bytes: Bytes, protected: Bytes, payload: Bytes, signature: Bytes) throws(LedgerError) {
        guard bytes.count <= Self.maximumSize else {
            throw LedgerError(
                .limit,
                "a statement has at most \(Self.maximumSize) bytes, this one \(bytes.count); keep large things off the ledger and put their hash on it"
            )
        }
        let header = try StatementHeader(decoding: protected)
        self.bytes = bytes
        id = Hash32.sha256(Self.message(protected: protected, payload: payload, signature: []))
        leafHash = bytes.withUnsafeBytes { Hash32.sha256(prefix: 0, $0) }
        algorithm = header.algorithm
        kid = header.kid
        issuer = header.issuer
        subject = header.subject
        validUntil = header.validUntil
        nonce = header.nonce
        ledger = header.ledger
        operation = try Operation(decoding: payload)
        self.protected = protected
        self.payload = payload
        self.signature = signature
    }

    /// Signs an operation.
    ///
    /// - Parameters:
    ///   - validUntil: seconds since 1970.
    ///   - nonce: 8 to 16 bytes that make two equal requests two transactions.
    public static func sign(
        _ operation: Operation, issuer: String, subject: String, validUntil: UInt64, nonce: Bytes, ledger: Hash32,
        with key: SigningKey
    ) throws(LedgerError) -> Statement {
        let header = StatementHeader(
            algorithm: key.algorithm, kid: key.kid, issuer: issuer, subject: subject, validUntil: validUntil,
            nonce: nonce, ledger: ledger)
        let protected = header.encoded()
        let payload = operation.encoded()
        let signature = key.sign(COSESign1.sigStructure(protected: protected, payload: payload))
        let bytes = message(protected: protected, payload: payload, signature: signature)
        return try Statement(bytes: bytes, protected: protected, payload: payload, signature: signature)
    }

    /// Whether `key` is the one the header names and its signature holds.
    public func isSigned(by key: VerifyingKey) -> Bool {
        key.kid == kid && key.algorithm == algorithm
            && key.isValid(signature, for: COSESign1.sigStructure(protected: protected, payload: payload))
    }

    /// A transparent statement (RFC 9943 §4.4): the statement with receipts in its unprotected header, label 394.
    public func transparent(with receipts: [Bytes]) -> Bytes {
        CBOR.tagged(
            COSESign1.tag,
            .array([
                .bytes(protected), .map(CBORMap([(394, .array(receipts.map { .bytes($0) }))])), .bytes(payload),
                .bytes(signature),
            ])
        ).encoded()
    }

    private static func message(protected: Bytes, payload: Bytes, signature: Bytes) -> Bytes {
        var encoder = CBOREncoder(capacity: 16 + protected.count + payload.count + signature.count)
        encoder.tag(COSESign1.tag)
        encoder.array(4)
        encoder.bytes(protected)
        encoder.map(0)
        encoder.bytes(payload)
        encoder.bytes(signature)
        return encoder.bytes
    }
}

extension Statement {
    /// The transaction id of a registered statement's bytes, without decoding what it asks.
    public static func id(of registered: Bytes) throws(LedgerError) -> Hash32 {
        guard case .tagged(COSESign1.tag, .array(let parts)) = try CBOR.decode(registered), parts.count == 4,
            let protected = parts[0].bytes, let payload = parts[2].bytes
        else { throw LedgerError(.statement, "a statement is a COSE_Sign1 (tag 18)") }
        return Hash32.sha256(message(protected: protected, payload: payload, signature: []))
    }
}

extension Statement {
    /// The contract that a statement's bytes name, without decoding the rest; for those who look for few among many.
    /// Nil for bytes that are no statement.
    public static func contract(of bytes: Bytes) -> String? {
        // D2 84, the protected header as a byte string, A0, the payload's head, 83, the contract's name.
        guard bytes.count > 2, bytes[0] == 0xD2, bytes[1] == 0x84,
            let header = head(in: bytes, at: 2), header.major == 2,
            header.next <= bytes.count, header.length < bytes.count - header.next,
            bytes[header.next + header.length] == 0xA0,
            let payload = head(in: bytes, at: header.next + header.length + 1), payload.major == 2,
            payload.next < bytes.count, bytes[payload.next] == 0x83,
            let name = head(in: bytes, at: payload.next + 1), name.major == 3,
            name.next <= bytes.count, name.length <= bytes.count - name.next
        else { return nil }
        return String(decoding: bytes[name.next..<name.next + name.length], as: UTF8.self)
    }

    /// A CBOR head (RFC 8949 §3) with a length of up to two bytes.
    private static func head(in bytes: Bytes, at place: Int) -> (major: UInt8, length: Int, next: Int)? {
        guard place < bytes.count else { return nil }
        let (major, short) = (bytes[place] >> 5, Int(bytes[place] & 0x1F))
        switch short {
        case 0..<24: return (major, short, place + 1)
        case 24 where place + 1 < bytes.count: return (major, Int(bytes[place + 1]), place + 2)
        case 25 where place + 2 < bytes.count:
            return (major, Int(bytes[place + 1]) << 8 | Int(bytes[place + 2]), place + 3)
        default: return nil
        }
    }
}
