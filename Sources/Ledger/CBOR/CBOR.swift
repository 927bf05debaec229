/// A CBOR data item (RFC 8949 §2), restricted to what a ledger needs: no undefined, no simple values beyond
/// false, true and null. Floats exist for SenML; a contract's operation may not hold one.
public enum CBOR: Hashable, Sendable {
    case unsigned(UInt64)
    /// The value −1 − n, as in major type 1.
    case negative(UInt64)
    case bytes(Bytes)
    case text(String)
    case array([CBOR])
    case map(CBORMap)
    indirect case tagged(UInt64, CBOR)
    case bool(Bool)
    case null
    case double(Double)

    public init(_ value: Int64) {
        self = value >= 0 ? .unsigned(UInt64(value)) : .negative(UInt64(-(value + 1)))
    }

    /// The integer, when it fits a signed 64-bit one.
    public var int: Int64? {
        switch self {
        case .unsigned(let value): Int64(exactly: value)
        case .negative(let value): value <= UInt64(Int64.max) ? -1 - Int64(value) : nil
        default: nil
        }
    }

    public var unsigned: UInt64? { if case .unsigned(let value) = self { value } else { nil } }
    public var bytes: Bytes? { if case .bytes(let value) = self { value } else { nil } }
    public var text: String? { if case .text(let value) = self { value } else { nil } }
    public var array: [CBOR]? { if case .array(let value) = self { value } else { nil } }
    public var map: CBORMap? { if case .map(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var hash32: Hash32? { bytes.flatMap { Hash32($0) } }
    public var isNull: Bool { self == .null }

    /// Deterministic encoding, RFC 8949 §4.2.1.
    public func encoded() -> Bytes {
        var encoder = CBOREncoder()
        encoder.encode(self)
        return encoder.bytes
    }

    public static func hash(_ value: Hash32) -> CBOR { .bytes(value.bytes) }
    public static func optional(_ value: UInt64?) -> CBOR { value.map { .unsigned($0) } ?? .null }
    public static func optional(_ value: String?) -> CBOR { value.map { .text($0) } ?? .null }
}

extension CBOR: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self.init(value) }
    public init(arrayLiteral elements: CBOR...) { self = .array(elements) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(dictionaryLiteral elements: (CBOR, CBOR)...) { self = .map(CBORMap(elements)) }
}

/// A CBOR map in deterministic order: by the bytes of the encoded keys, each key once.
public struct CBORMap: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let key: CBOR
        public let value: CBOR
    }

    public private(set) var entries: [Entry]

    /// Sorts the pairs; of several with one key the last is kept.
    public init(_ pairs: [(CBOR, CBOR)] = []) {
        let keyed = pairs.enumerated().map {
            (encoded: $1.0.encoded(), order: $0, entry: Entry(key: $1.0, value: $1.1))
        }
        .sorted { $0.encoded == $1.encoded ? $0.order < $1.order : $0.encoded.lexicographicallyPrecedes($1.encoded) }
        entries = []
        entries.reserveCapacity(keyed.count)
        for (index, item) in keyed.enumerated() {
            let repeated = index + 1 < keyed.count && keyed[index + 1].encoded == item.encoded
            if !repeated { entries.append(item.entry) }
        }
    }

    /// Entries that the decoder has already found to be in order and unique.
    init(ordered entries: [Entry]) {
        self.entries = entries
    }

    public subscript(key: CBOR) -> CBOR? {
        entries.first { $0.key == key }?.value
    }

    /// The value under a text key.
    public subscript(text name: String) -> CBOR? {
        for entry in entries {
            if case .text(let key) = entry.key, key == name { return entry.value }
        }
        return nil
    }

    public var count: Int { entries.count }
}
