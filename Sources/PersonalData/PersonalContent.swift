import Ledger

/// A field of a record about a person.
public enum PersonalField: String, Sendable, Hashable, CaseIterable {
    case name, phone, address, plate
}

/// What a record says of a person, and the salt that keeps its commitment from being guessed.
public struct PersonalContent: Sendable, Hashable {
    /// Longest field, bytes of UTF-8.
    public static let longestField = 200
    /// Bytes of a salt.
    public static let saltLength = 32
    private static let domain = "cairn-personal/1"

    public let salt: Bytes
    public let fields: [PersonalField: String]

    /// Content with a new random salt.
    ///
    /// - Throws: ``PersonalDataError`` with `field`.
    public init(_ fields: [PersonalField: String]) throws(PersonalDataError) {
        guard !fields.isEmpty else { throw PersonalDataError(.field, "fill in at least one field") }
        for field in PersonalField.allCases {
            guard let value = fields[field] else { continue }
            guard (1...Self.longestField).contains(value.utf8.count), value.utf8.allSatisfy({ $0 >= 0x20 }) else {
                throw PersonalDataError(.field, "\(field) is a line of 1 to \(Self.longestField) bytes")
            }
        }
        self.fields = fields
        // The system's generator is one for cryptography.
        salt = (0..<Self.saltLength).map { _ in UInt8.random(in: 0...255) }
    }

    /// What is encrypted: `[domain, salt, fields]`.
    init(decoding bytes: Bytes) throws(PersonalDataError) {
        guard let parts = (try? CBOR.decode(bytes))?.array, parts.count == 3, parts[0].text == Self.domain,
            let salt = parts[1].bytes, let map = parts[2].map
        else { throw PersonalDataError(.storage, "a record is of another version of the program") }
        self.salt = salt
        var fields: [PersonalField: String] = [:]
        for field in PersonalField.allCases {
            if let value = map[text: field.rawValue]?.text { fields[field] = value }
        }
        self.fields = fields
    }

    var encoded: Bytes {
        let pairs = PersonalField.allCases.compactMap { field in
            fields[field].map { (CBOR.text(field.rawValue), CBOR.text($0)) }
        }
        return CBOR.array([.text(Self.domain), .bytes(salt), .map(CBORMap(pairs))]).encoded()
    }

    /// All that the ledger gets: SHA-256 of the deterministic CBOR of `[domain, salt, fields]`.
    public var commitment: Hash32 { Hash32.sha256(encoded) }
}
