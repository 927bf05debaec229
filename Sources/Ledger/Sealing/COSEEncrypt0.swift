import Crypto

/// A COSE_Encrypt0 (RFC 9052 §5.2, tag 16) with A256GCM (RFC 9053 §4.1), whose key both sides know.
public enum COSEEncrypt0 {
    static let tag: UInt64 = 16
    /// A256GCM in the registry of COSE algorithms.
    private static let a256GCM: UInt64 = 3
    /// Octets of the authentication tag at the ciphertext's end.
    private static let tagSize = 16

    /// `{1: 3, 5: nonce}`: algorithm and IV, both protected.
    private static func protectedHeader(_ nonce: Bytes) -> Bytes {
        CBOR.map(CBORMap([(1, .unsigned(a256GCM)), (5, .bytes(nonce))])).encoded()
    }

    /// `Enc_structure` of §5.3: `["Encrypt0", protected, external_aad]`.
    private static func encStructure(_ protected: Bytes, _ externalAAD: Bytes) -> Bytes {
        CBOR.array(["Encrypt0", .bytes(protected), .bytes(externalAAD)]).encoded()
    }

    public static func seal(_ plaintext: Bytes, nonce: Bytes, externalAAD: Bytes, key: Bytes) throws -> Bytes {
        let protected = protectedHeader(nonce)
        let box = try AES.GCM.seal(
            plaintext, using: SymmetricKey(data: key), nonce: AES.GCM.Nonce(data: nonce),
            authenticating: encStructure(protected, externalAAD))
        return CBOR.tagged(
            tag, .array([.bytes(protected), .map(CBORMap()), .bytes(Bytes(box.ciphertext) + Bytes(box.tag))])
        ).encoded()
    }

    /// Opens a message with the nonce that it bears.
    public static func open(_ message: Bytes, externalAAD: Bytes, key: Bytes) throws(LedgerError) -> Bytes {
        guard case .tagged(tag, .array(let parts)) = try CBOR.decode(message), let protected = parts.first?.bytes,
            let nonce = try CBOR.decode(protected).map?[5]?.bytes
        else { throw LedgerError(.sealing, "the message is not a COSE_Encrypt0 with a nonce") }
        return try open(message, nonce: nonce, externalAAD: externalAAD, key: key)
    }

    /// Opens a message with the nonce that the caller knows it must have.
    static func open(_ message: Bytes, nonce: Bytes, externalAAD: Bytes, key: Bytes) throws(LedgerError) -> Bytes {
        let protected = protectedHeader(nonce)
        guard case .tagged(tag, .array(let parts)) = try CBOR.decode(message), parts.count == 3,
            parts[0] == .bytes(protected), parts[1].map?.count == 0, let sealed = parts[2].bytes,
            sealed.count >= tagSize
        else {
            throw LedgerError(.sealing, "the body is not a COSE_Encrypt0 with A256GCM and the nonce of its place")
        }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: nonce), ciphertext: sealed.dropLast(tagSize), tag: sealed.suffix(tagSize))
            return Bytes(
                try AES.GCM.open(
                    box, using: SymmetricKey(data: key), authenticating: encStructure(protected, externalAAD)))
        } catch {
            throw LedgerError(.sealing, "the body does not open with this key at this place of the stream")
        }
    }
}
