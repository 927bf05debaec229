extension CBOR {
    /// Bounds on what a decoder will build from outside bytes.
    public struct Limits: Sendable {
        /// Bytes of the whole item.
        public var size: Int
        /// Nesting of arrays, maps and tags.
        public var depth: Int
        /// Data items in all.
        public var items: Int

        public init(size: Int, depth: Int, items: Int) {
            self.size = size
            self.depth = depth
            self.items = items
        }

        /// Enough for a statement and its operation.
        public static let standard = Limits(size: 64 * 1024, depth: 16, items: 16 * 1024)
        /// Enough for an evidence bundle or a block.
        public static let large = Limits(size: 64 * 1024 * 1024, depth: 24, items: 4 * 1024 * 1024)
    }

    public enum Mode: Sendable {
        /// RFC 8949 §4.2.1; anything that would not re-encode to the same bytes is refused.
        case deterministic
        /// Any well-formed item: indefinite lengths, long heads, maps in any order. For SenML from devices.
        case wellFormed
    }

    /// Decodes exactly one item that fills `bytes`.
    public static func decode(
        _ bytes: Bytes, mode: Mode = .deterministic, limits: Limits = .standard
    ) throws(LedgerError) -> CBOR {
        guard bytes.count <= limits.size else {
            throw LedgerError(.limit, "\(bytes.count) bytes of CBOR; at most \(limits.size) are read")
        }
        var decoder = CBORDecoder(bytes: bytes, mode: mode, limits: limits)
        let item = try decoder.item(depth: 0)
        guard decoder.position == bytes.count else {
            throw LedgerError(.cbor, "\(bytes.count - decoder.position) bytes follow the CBOR item")
        }
        return item
    }
}

struct CBORDecoder {
    private let bytes: Bytes
    private let mode: CBOR.Mode
    private let limits: CBOR.Limits
    private(set) var position = 0
    private var items = 0

    init(bytes: Bytes, mode: CBOR.Mode, limits: CBOR.Limits) {
        self.bytes = bytes
        self.mode = mode
        self.limits = limits
    }

    mutating func item(depth: Int) throws(LedgerError) -> CBOR {
        guard depth <= limits.depth else { throw LedgerError(.limit, "CBOR nested deeper than \(limits.depth)") }
        items += 1
        guard items <= limits.items else { throw LedgerError(.limit, "more than \(limits.items) CBOR items") }
        let initial = try byte()
        let major = initial >> 5
        if major == 7 { return try simple(initial & 31) }
        guard let argument = try argument(initial & 31) else {
            return try indefinite(major, depth: depth)
        }
        switch major {
        case 0: return .unsigned(argument)
        case 1: return .negative(argument)
        case 2: return .bytes(Bytes(try slice(argument)))
        case 3: return .text(try text(argument))
        case 4: return .array(try array(argument, depth: depth))
        case 5: return .map(try map(argument, depth: depth))
        default: return .tagged(argument, try item(depth: depth + 1))
        }
    }

    // MARK: Heads

    private mutating func byte() throws(LedgerError) -> UInt8 {
        guard position < bytes.count else { throw LedgerError(.cbor, "CBOR ends in the middle of an item") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func bigEndian(_ width: Int) throws(LedgerError) -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<width { value = value << 8 | UInt64(try byte()) }
        return value
    }

    /// The argument of a head; nil for an indefinite length.
    private mutating func argument(_ short: UInt8) throws(LedgerError) -> UInt64? {
        let value: UInt64
        let shortest: UInt64
        switch short {
        case 0..<24: return UInt64(short)
        case 24: (value, shortest) = (try bigEndian(1), 24)
        case 25: (value, shortest) = (try bigEndian(2), 0x100)
        case 26: (value, shortest) = (try bigEndian(4), 0x1_0000)
        case 27: (value, shortest) = (try bigEndian(8), 0x1_0000_0000)
        case 31 where mode == .wellFormed: return nil
        case 31: throw LedgerError(.notDeterministic, "CBOR of indefinite length at byte \(position - 1)")
        default: throw LedgerError(.cbor, "reserved CBOR head at byte \(position - 1)")
        }
        if mode == .deterministic && value < shortest {
            throw LedgerError(.notDeterministic, "CBOR head longer than needed before byte \(position)")
        }
        return value
    }

    // MARK: Strings

    private mutating func slice(_ count: UInt64) throws(LedgerError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.count - position) else {
            throw LedgerError(.cbor, "a CBOR string of \(count) bytes runs past the end")
        }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    private mutating func text(_ count: UInt64) throws(LedgerError) -> String {
        guard let text = String(validating: try slice(count), as: UTF8.self) else {
            throw LedgerError(.cbor, "a CBOR text string is not UTF-8")
        }
        return text
    }

    // MARK: Containers

    private mutating func array(_ count: UInt64, depth: Int) throws(LedgerError) -> [CBOR] {
        // Each element takes a byte at least, so a count beyond the rest is a lie told to make us allocate.
        guard count <= UInt64(bytes.count - position) else {
            throw LedgerError(.cbor, "a CBOR array of \(count) items runs past the end")
        }
        var elements: [CBOR] = []
        elements.reserveCapacity(Int(count))
        for _ in 0..<count { elements.append(try item(depth: depth + 1)) }
        return elements
    }

    private mutating func map(_ count: UInt64, depth: Int) throws(LedgerError) -> CBORMap {
        guard count <= UInt64(bytes.count - position) / 2 else {
            throw LedgerError(.cbor, "a CBOR map of \(count) entries runs past the end")
        }
        var entries: [CBORMap.Entry] = []
        entries.reserveCapacity(Int(count))
        var previous: ArraySlice<UInt8>?
        for _ in 0..<count {
            let start = position
            let key = try item(depth: depth + 1)
            let encoded = bytes[start..<position]
            if mode == .deterministic, let previous, !previous.lexicographicallyPrecedes(encoded) {
                throw LedgerError(.notDeterministic, "CBOR map keys out of order or repeated at byte \(start)")
            }
            previous = encoded
            entries.append(.init(key: key, value: try item(depth: depth + 1)))
        }
        return mode == .deterministic ? CBORMap(ordered: entries) : try unique(entries)
    }

    private func unique(_ entries: [CBORMap.Entry]) throws(LedgerError) -> CBORMap {
        let map = CBORMap(entries.map { ($0.key, $0.value) })
        guard map.count == entries.count else { throw LedgerError(.cbor, "a CBOR map names one key twice") }
        return map
    }

    // MARK: Simple values and floats

    private mutating func simple(_ short: UInt8) throws(LedgerError) -> CBOR {
        let value: Double
        switch short {
        case 20: return .bool(false)
        case 21: return .bool(true)
        case 22: return .null
        case 25: value = HalfFloat.value(UInt16(try bigEndian(2)))
        case 26: value = Double(Float(bitPattern: UInt32(try bigEndian(4))))
        case 27: value = Double(bitPattern: try bigEndian(8))
        default: throw LedgerError(.cbor, "CBOR simple value \(short) is not used here")
        }
        if mode == .deterministic {
            let width = 1 << Int(short - 24)
            let shortest = CBOR.double(value).encoded()
            guard shortest[...] == bytes[(position - width - 1)..<position] else {
                throw LedgerError(.notDeterministic, "CBOR float not in its shortest form before byte \(position)")
            }
        }
        return .double(value)
    }

    // MARK: Indefinite lengths (RFC 8949 §3.2), read only from devices

    private mutating func indefinite(_ major: UInt8, depth: Int) throws(LedgerError) -> CBOR {
        switch major {
        case 2, 3:
            var joined = Bytes()
            while try !atBreak() {
                let initial = try byte()
                guard initial >> 5 == major, let count = try argument(initial & 31) else {
                    throw LedgerError(.cbor, "a chunk of a CBOR string has another type")
                }
                joined.append(contentsOf: try slice(count))
            }
            if major == 2 { return .bytes(joined) }
            guard let text = String(validating: joined, as: UTF8.self) else {
                throw LedgerError(.cbor, "a CBOR text string is not UTF-8")
            }
            return .text(text)
        case 4:
            var elements: [CBOR] = []
            while try !atBreak() { elements.append(try item(depth: depth + 1)) }
            return .array(elements)
        case 5:
            var entries: [CBORMap.Entry] = []
            while try !atBreak() {
                let key = try item(depth: depth + 1)
                entries.append(.init(key: key, value: try item(depth: depth + 1)))
            }
            return .map(try unique(entries))
        default:
            throw LedgerError(.cbor, "an indefinite length on major type \(major)")
        }
    }

    private mutating func atBreak() throws(LedgerError) -> Bool {
        guard position < bytes.count else { throw LedgerError(.cbor, "CBOR ends before its break") }
        guard bytes[position] == 0xFF else { return false }
        position += 1
        return true
    }
}
