import ContractKit

/// A mark of goods as a hash, so that what is pledged elsewhere is found without being told.
///
/// Two spellings of a mark have one fingerprint: letters in one case, nothing but letters and digits, O as 0, I and L as 1,
/// no leading zeros.
public enum Fingerprint {
    public static func normal(_ mark: String) -> String {
        var bytes: Bytes = []
        for byte in mark.utf8 {
            switch byte {
            case 0x61...0x7A, 0x41...0x5A:
                let upper = byte & 0xDF
                bytes.append(upper == 0x4F ? 0x30 : upper == 0x49 || upper == 0x4C ? 0x31 : upper)
            case 0x30...0x39, 0x80...0xFF: bytes.append(byte)
            default: continue
            }
        }
        let digits = bytes.drop { $0 == 0x30 }
        return String(decoding: digits, as: UTF8.self)
    }

    public static func hash(of mark: String) -> Hash32 {
        Hash32.sha256(Bytes("cairn-chattel-mark/1 \(normal(mark))".utf8))
    }
}

/// Whose goods bear a mark; `chattel/fingerprints/<hash>`.
public struct FingerprintRecord: StateValue, Hashable {
    /// A lot of this ledger, or the bank that has such goods pledged elsewhere.
    public var lot: String?
    public var bank: String?
    /// SHA-256 of the mark as it was spelt; tells an exact hit from a similar one.
    public var exact: Hash32?

    init(lot: String?, bank: String?, exact: Hash32?) {
        self.lot = lot
        self.bank = bank
        self.exact = exact
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a mark")
        self.init(lot: fields.optionalText("lot"), bank: fields.optionalText("bank"), exact: cbor.map?["exact"]?.hash32)
    }

    public var cbor: Value {
        ["lot": .optional(lot), "bank": .optional(bank), "exact": exact.map { .hash($0) } ?? .null]
    }
}
