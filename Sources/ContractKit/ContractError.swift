/// A contract's refusal: a stable number and a sentence that says what to do.
///
/// Numbers 1 to 99 mean the same in every contract; a contract's own begin at 100 and are never reused.
public struct ContractError: Error, Sendable, Hashable {
    public let code: UInt64
    public let message: String

    public init(_ code: UInt64, _ message: String) {
        self.code = code
        self.message = message
    }

    public static func == (a: ContractError, b: ContractError) -> Bool { a.code == b.code }
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    public static func unknownOperation(_ name: String) -> ContractError {
        ContractError(1, "there is no operation \(name)")
    }
    public static func missing(_ argument: String) -> ContractError {
        ContractError(2, "the argument \(argument) is missing")
    }
    public static func invalid(_ argument: String, _ expected: String) -> ContractError {
        ContractError(3, "the argument \(argument) must be \(expected)")
    }
    public static func unknownArgument(_ argument: String) -> ContractError {
        ContractError(4, "the argument \(argument) is not known; leave it out")
    }
    public static func notAuthorised(_ why: String) -> ContractError { ContractError(5, why) }
    public static let overflow = ContractError(6, "a number became too large")
    public static func notFound(_ what: String) -> ContractError { ContractError(7, "\(what) does not exist") }
    public static func exists(_ what: String) -> ContractError { ContractError(8, "\(what) exists already") }
    /// A stored value does not decode: a defect of the contract, reported instead of trapping.
    public static func corrupt(_ what: String) -> ContractError { ContractError(9, "the record \(what) is unreadable") }
}
