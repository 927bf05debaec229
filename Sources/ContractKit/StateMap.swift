import Ledger

/// A value of a state map: deterministic CBOR in, deterministic CBOR out.
public protocol StateValue: Sendable {
    init(cbor: Value) throws(ContractError)
    var cbor: Value { get }
}

/// A typed, ordered map of a contract's state. Its keys lie at `contract/map/key`.
public struct StateMap<Element: StateValue>: Sendable {
    public let contract: String
    public let name: String
    private let prefix: Bytes

    /// - Parameters:
    ///   - contract, name: without a slash.
    public init(_ contract: String, _ name: String) {
        self.contract = contract
        self.name = name
        prefix = Bytes("\(contract)/\(name)/".utf8)
    }

    /// The state key under which an entry lies.
    public func key(_ key: String) -> Bytes { prefix + Bytes(key.utf8) }

    /// The entry's own key, from its state key.
    func entryKey(_ stateKey: Bytes) -> String { String(decoding: stateKey.dropFirst(prefix.count), as: UTF8.self) }

    func decode(_ bytes: Bytes, _ key: Bytes) throws(ContractError) -> Element {
        guard let value = try? Value.decode(bytes) else {
            throw .corrupt(String(decoding: key, as: UTF8.self))
        }
        return try Element(cbor: value)
    }
}

extension UInt64: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let value = cbor.unsigned else { throw .corrupt("(a number)") }
        self = value
    }

    public var cbor: Value { .unsigned(self) }
}

extension String: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let value = cbor.text else { throw .corrupt("(a text)") }
        self = value
    }

    public var cbor: Value { .text(self) }
}
