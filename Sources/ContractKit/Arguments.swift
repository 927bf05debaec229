import Ledger

/// Values and maps as contracts see them, so that a contract imports this kit alone.
public typealias Value = CBOR
public typealias ValueMap = CBORMap
public typealias Bytes = Ledger.Bytes
public typealias Hash32 = Ledger.Hash32
public typealias Operation = Ledger.Operation

/// The arguments of an operation, read by name and type; ``finish()`` refuses any that were not read.
public struct Arguments {
    /// Longest text argument, in UTF-8 bytes, unless a getter says otherwise.
    public static let maximumText = 400

    private let map: ValueMap
    private var read = 0

    public init(_ map: ValueMap) {
        self.map = map
    }

    private mutating func take(_ name: String) -> Value? {
        guard let value = map[text: name] else { return nil }
        read += 1
        return value
    }

    private mutating func required(_ name: String) throws(ContractError) -> Value {
        guard let value = take(name) else { throw .missing(name) }
        return value
    }

    public mutating func text(_ name: String, maximum: Int = maximumText) throws(ContractError) -> String {
        guard let value = try required(name).text, !value.isEmpty, value.utf8.count <= maximum else {
            throw .invalid(name, "text of 1 to \(maximum) bytes")
        }
        return value
    }

    public mutating func optionalText(_ name: String, maximum: Int = maximumText) throws(ContractError) -> String? {
        guard let value = take(name), !value.isNull else { return nil }
        guard let text = value.text, !text.isEmpty, text.utf8.count <= maximum else {
            throw .invalid(name, "text of 1 to \(maximum) bytes, or left out")
        }
        return text
    }

    public mutating func unsigned(_ name: String, in range: ClosedRange<UInt64> = 0...UInt64(Int64.max))
        throws(ContractError) -> UInt64
    {
        guard let value = try required(name).unsigned, range.contains(value) else {
            throw .invalid(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public mutating func optionalUnsigned(_ name: String) throws(ContractError) -> UInt64? {
        guard let value = take(name), !value.isNull else { return nil }
        guard let number = value.unsigned, number <= UInt64(Int64.max) else {
            throw .invalid(name, "an integer of at least 0, or left out")
        }
        return number
    }

    public mutating func int(_ name: String, in range: ClosedRange<Int64>) throws(ContractError) -> Int64 {
        guard let value = try required(name).int, range.contains(value) else {
            throw .invalid(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public mutating func optionalBytes(_ name: String, maximum: Int) throws(ContractError) -> Bytes? {
        guard let value = take(name), !value.isNull else { return nil }
        guard let bytes = value.bytes, bytes.count <= maximum else {
            throw .invalid(name, "a byte string of at most \(maximum) bytes, or left out")
        }
        return bytes
    }

    public mutating func bool(_ name: String) throws(ContractError) -> Bool {
        guard let value = try required(name).bool else { throw .invalid(name, "true or false") }
        return value
    }

    public mutating func bytes(_ name: String, maximum: Int) throws(ContractError) -> Bytes {
        guard let value = try required(name).bytes, value.count <= maximum else {
            throw .invalid(name, "a byte string of at most \(maximum) bytes")
        }
        return value
    }

    public mutating func hash(_ name: String) throws(ContractError) -> Hash32 {
        guard let value = try required(name).hash32 else { throw .invalid(name, "32 bytes") }
        return value
    }

    public mutating func optionalHash(_ name: String) throws(ContractError) -> Hash32? {
        guard let value = take(name), !value.isNull else { return nil }
        guard let hash = value.hash32 else { throw .invalid(name, "32 bytes, or left out") }
        return hash
    }

    public mutating func array(_ name: String, maximum: Int) throws(ContractError) -> [Value] {
        guard let items = try required(name).array, items.count <= maximum else {
            throw .invalid(name, "a list of at most \(maximum) items")
        }
        return items
    }

    public mutating func texts(_ name: String, maximum: Int) throws(ContractError) -> [String] {
        guard let items = try required(name).array, items.count <= maximum else {
            throw .invalid(name, "a list of at most \(maximum) texts")
        }
        var texts: [String] = []
        for item in items {
            guard let text = item.text, !text.isEmpty, text.utf8.count <= Self.maximumText else {
                throw .invalid(name, "a list of texts of 1 to \(Self.maximumText) bytes")
            }
            texts.append(text)
        }
        return texts
    }

    /// Refuses arguments that no getter asked for.
    public func finish() throws(ContractError) {
        guard read == map.count else { throw .unknownArgument("(one of \(map.count))") }
    }
}
