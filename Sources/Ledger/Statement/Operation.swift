/// What a statement asks of the ledger: `[contract, name, arguments]`.
public struct Operation: Sendable, Hashable {
    public static let contentType = "application/vnd.cairn.operation+cbor"

    public let contract: String
    public let name: String
    /// Text keys only, no floats at any depth.
    public let arguments: CBORMap

    public init(_ contract: String, _ name: String, _ arguments: CBORMap) {
        self.contract = contract
        self.name = name
        self.arguments = arguments
    }

    public init(_ contract: String, _ name: String, _ arguments: [(String, CBOR)]) {
        self.init(contract, name, CBORMap(arguments.map { (.text($0), $1) }))
    }

    public init(decoding payload: Bytes) throws(LedgerError) {
        guard case .array(let parts) = try CBOR.decode(payload), parts.count == 3,
            let contract = parts[0].text, let name = parts[1].text, let arguments = parts[2].map,
            !contract.isEmpty, !name.isEmpty
        else {
            throw LedgerError(.statement, "the payload of a statement is [contract, operation, {arguments}]")
        }
        guard arguments.entries.allSatisfy({ $0.key.text != nil }) else {
            throw LedgerError(.statement, "the arguments of an operation have text keys")
        }
        guard !Self.holdsFloat(parts[2]) else {
            throw LedgerError(.statement, "an operation holds no floating point; use integers of a stated unit")
        }
        self.init(contract, name, arguments)
    }

    public func encoded() -> Bytes {
        CBOR.array([.text(contract), .text(name), .map(arguments)]).encoded()
    }

    private static func holdsFloat(_ item: CBOR) -> Bool {
        switch item {
        case .double: true
        case .array(let items): items.contains(where: holdsFloat)
        case .map(let map): map.entries.contains { holdsFloat($0.key) || holdsFloat($0.value) }
        case .tagged(_, let inner): holdsFloat(inner)
        default: false
        }
    }
}
