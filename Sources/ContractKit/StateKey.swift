import Ledger

/// A state key as dictionaries hold it: its bytes are hashed as a whole, where an array's are hashed one by one.
public struct StateKey: Hashable, Sendable {
    public let bytes: Bytes

    public init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    public func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
