import Ledger

/// Commitments to personal data, which itself stays with its holder, and the record of its erasure (TR, 6.1.2.2, 6.1.4).
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `commit` | whoever keeps the data | the id or the commitment is there; the time is past or too far |
/// | `erase` | the record's holder | it is erased already |
///
/// No argument can carry a value about a person: ids are random, classes and purposes are short words of small letters,
/// reasons are a closed list. A corrected record is a new commitment, and the old one is erased as `replaced`.
public struct PersonalContract: Contract {
    public static let records = StateMap<PersonalRecord>("personal", "records")
    /// Ids of records by commitment, in hex, so that nobody commits to what another has committed to.
    public static let commitments = StateMap<String>("personal", "commitments")

    /// Hex digits of an id: 16 random bytes.
    public static let idLength = 32
    /// Longest class or purpose, bytes.
    public static let maximumWord = 40
    /// How long a record may be kept at most, ms: 30 years of 365 days.
    public static let longestRetention: UInt64 = 30 * 365 * 24 * 3600 * 1000

    public let name = "personal"
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "commit": try commit(&arguments, context)
        case "erase": try erase(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// The record need not be kept any longer; its holder erases it.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        let record = try context.require(Self.records, id, "the personal record")
        guard record.erasure == nil else { return }
        try context.emit(
            "retentionEnded", subject: id,
            [("holder", .text(record.holder)), ("class", .text(record.dataClass))])
    }

    private func commit(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id", maximum: Self.idLength)
        let commitment = try arguments.hash("commitment")
        let dataClass = try Self.word(try arguments.text("class", maximum: Self.maximumWord), "class")
        let purpose = try Self.word(try arguments.text("purpose", maximum: Self.maximumWord), "purpose")
        let retainUntil = try arguments.unsigned("retainUntil")
        try arguments.finish()
        guard id.utf8.count == Self.idLength, id.utf8.allSatisfy(Self.isHexDigit) else {
            throw .invalid("id", "\(Self.idLength) random hex digits, small letters")
        }
        guard retainUntil > context.time, retainUntil - context.time <= Self.longestRetention else {
            throw ContractError(100, "retainUntil must lie ahead, within \(Self.longestRetention) ms from now")
        }
        guard try context.get(Self.records, id) == nil else { throw .exists("the personal record \(id)") }
        guard try context.get(Self.commitments, commitment.hex) == nil else {
            throw ContractError(101, "there is a record with this commitment; take a new random salt")
        }
        context.set(
            Self.records, id,
            PersonalRecord(
                holder: context.sender.id, commitment: commitment, dataClass: dataClass, purpose: purpose,
                retainUntil: retainUntil, since: context.time, transaction: context.transaction))
        context.set(Self.commitments, commitment.hex, id)
        context.schedule(id, at: retainUntil)
        try context.emit("committed", subject: id, [("class", .text(dataClass)), ("purpose", .text(purpose))])
    }

    private func erase(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("id", maximum: Self.idLength)
        let word = try arguments.text("reason", maximum: Self.maximumWord)
        try arguments.finish()
        guard let reason = PersonalRecord.Reason(rawValue: word) else {
            let known = PersonalRecord.Reason.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("reason", "one of \(known)")
        }
        var record = try context.require(Self.records, id, "the personal record")
        guard record.holder == context.sender.id else {
            throw .notAuthorised("\(record.holder) keeps the record and erases it")
        }
        guard record.erasure == nil else { throw ContractError(102, "the record is erased already") }
        guard reason != .retentionEnded || context.time >= record.retainUntil else {
            throw ContractError(103, "the record's retention ends at \(record.retainUntil)")
        }
        record.erasure = .init(
            reason: reason, height: context.height, time: context.time, transaction: context.transaction)
        context.set(Self.records, id, record)
        context.cancel(id, at: record.retainUntil)
        try context.emit("erased", subject: id, [("holder", .text(record.holder)), ("reason", .text(word))])
    }

    /// Too little room for a plate, a number or a sentence.
    private static func word(_ text: String, _ argument: String) throws(ContractError) -> String {
        let isWord = text.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || $0 == UInt8(ascii: "-")
        }
        guard isWord else { throw .invalid(argument, "small letters and hyphens") }
        return text
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }

    public var invariants: [Invariant] {
        [
            Invariant("each commitment names one record, and an erasure follows it") { state throws(ContractError) in
                var violations: [String] = []
                for (id, record) in try state.scan(Self.records, limit: 1_000_000) {
                    if try state.get(Self.commitments, record.commitment.hex) != id {
                        violations.append("the commitment of \(id) names another record")
                    }
                    if let erasure = record.erasure, erasure.time < record.since {
                        violations.append("\(id) was erased before it was kept")
                    }
                }
                return violations
            }
        ]
    }
}
