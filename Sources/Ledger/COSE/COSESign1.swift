/// The parts of COSE single-signer messages (RFC 9052 §4.2) that several formats here share.
public enum COSESign1 {
    /// CBOR tag of a COSE_Sign1.
    public static let tag: UInt64 = 18

    /// `Sig_structure` of §4.4 for one signer: `["Signature1", protected, external_aad, payload]`.
    public static func sigStructure(protected: Bytes, externalAAD: Bytes = [], payload: Bytes) -> Bytes {
        var encoder = CBOREncoder(capacity: 32 + protected.count + externalAAD.count + payload.count)
        encoder.array(4)
        encoder.text("Signature1")
        encoder.bytes(protected)
        encoder.bytes(externalAAD)
        encoder.bytes(payload)
        return encoder.bytes
    }

    /// The protected header `{1: alg, 4: kid}`.
    public static func protectedHeader(_ algorithm: SignatureAlgorithm, kid: Hash32) -> Bytes {
        var encoder = CBOREncoder(capacity: 40)
        encoder.map(2)
        encoder.unsigned(1)
        encoder.int(algorithm.rawValue)
        encoder.unsigned(4)
        encoder.hash(kid)
        return encoder.bytes
    }

    /// Signs a payload that travels beside the signature, bound to `externalAAD`; returns the bare 64 bytes.
    public static func signDetached(_ payload: Bytes, externalAAD: Bytes, with key: SigningKey) -> Bytes {
        key.sign(
            sigStructure(
                protected: protectedHeader(key.algorithm, kid: key.kid), externalAAD: externalAAD, payload: payload))
    }

    /// Verifies what ``signDetached(_:externalAAD:with:)`` made.
    public static func verifyDetached(
        _ signature: Bytes, payload: Bytes, externalAAD: Bytes, with key: VerifyingKey
    ) -> Bool {
        key.isValid(
            signature,
            for: sigStructure(
                protected: protectedHeader(key.algorithm, kid: key.kid), externalAAD: externalAAD, payload: payload))
    }
}
