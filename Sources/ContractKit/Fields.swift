import Ledger

/// A stored record's map, read by name and type: what is missing or of another kind makes the record unreadable, and never
/// a trap.
public struct Fields {
    private let map: ValueMap
    private let what: String

    /// - Parameter what: the record in words, for the error: "of a loan".
    public init(_ cbor: Value, _ what: String) throws(ContractError) {
        guard let map = cbor.map else { throw .corrupt(what) }
        self.map = map
        self.what = what
    }

    private func required<T>(_ value: T?, _ name: String) throws(ContractError) -> T {
        guard let value else { throw .corrupt("\(what) (\(name))") }
        return value
    }

    public func text(_ name: String) throws(ContractError) -> String { try required(map[text: name]?.text, name) }
    public func number(_ name: String) throws(ContractError) -> UInt64 { try required(map[text: name]?.unsigned, name) }
    public func flag(_ name: String) throws(ContractError) -> Bool { try required(map[text: name]?.bool, name) }
    public func hash(_ name: String) throws(ContractError) -> Hash32 { try required(map[text: name]?.hash32, name) }
    public func items(_ name: String) throws(ContractError) -> [Value] { try required(map[text: name]?.array, name) }
    public func texts(_ name: String) throws(ContractError) -> [String] { try items(name).compactMap(\.text) }

    /// nil where the entry is null or not there.
    public func optionalText(_ name: String) -> String? { map[text: name]?.text }
    public func optionalNumber(_ name: String) -> UInt64? { map[text: name]?.unsigned }
    public func value(_ name: String) -> Value { map[text: name] ?? .null }
}

extension Value {
    public static func texts(_ texts: [String]) -> Value { .array(texts.map { .text($0) }) }
}
