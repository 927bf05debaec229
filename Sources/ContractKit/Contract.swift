import Ledger

/// Deterministic native code that the members run on each accepted statement.
///
/// It may see nothing but its context: no clock, randomness, floating point, logging or unordered iteration; and it must not be able to trap.
public protocol Contract: Sendable {
    /// As in an operation's first element and before the first slash of state keys.
    var name: String { get }
    var version: UInt64 { get }

    func execute(_ operation: Operation, in context: ContractContext) throws(ContractError)
    /// A timer that the contract set has come due.
    func timer(_ id: String, in context: ContractContext) throws(ContractError)

    /// What holds over the state after every block; checked by tests after each operation and on demand on a live ledger.
    var invariants: [Invariant] { get }
}

extension Contract {
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {}
    public var invariants: [Invariant] { [] }
}

/// A named statement about the state that must always hold.
public struct Invariant: Sendable {
    public let name: String
    /// What breaks it, a sentence each; empty when it holds.
    public let violations: @Sendable (any StateReader) throws(ContractError) -> [String]

    public init(
        _ name: String, _ violations: @escaping @Sendable (any StateReader) throws(ContractError) -> [String]
    ) {
        self.name = name
        self.violations = violations
    }
}
