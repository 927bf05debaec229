import Keys

/// Ledgers that a party of this one takes part in too, wherever their nodes run: in this process or at an address.
public protocol LedgersBeside: Sendable {
    /// Where the ledger of a use case is reached; nil while nobody knows.
    func place(of useCase: String) -> LedgerPlace?
}

/// A node of another ledger, and the keys with which parties of this one act there.
public struct LedgerPlace: Sendable {
    /// Without a trailing slash: `http://127.0.0.1:8084`.
    public let address: String
    public let keys: KeyFolder

    public init(address: String, keys: KeyFolder) {
        self.address = address
        self.keys = keys
    }
}
