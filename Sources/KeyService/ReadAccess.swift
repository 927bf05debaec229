import ContractKit
import GRDB
import Ledger

/// What a participant may read at this moment: their own streams, and those under live grants, by device time.
public struct ReadAccess: Sendable {
    /// A granted stream and its period, ms since 1970.
    public struct Span: Sendable, Hashable {
        public let stream: String
        public let from: UInt64
        public let to: UInt64?
    }

    public let participant: String
    public let spans: [Span]

    /// Grants that are looked at, of all on the ledger.
    static let maximumGrants = 10_000

    /// - Parameter time: ledger time or clock, whichever is later, ms.
    public init(of participant: String, in state: some StateReader, at time: UInt64) throws {
        self.participant = participant
        spans = try state.scan(GrantsContract.grants, limit: Self.maximumGrants)
            .filter { $0.value.terms.reader == participant && $0.value.isLive(at: time) }
            .flatMap { _, grant in
                grant.terms.streams.map { Span(stream: $0, from: grant.terms.from, to: grant.terms.to) }
            }
    }

    /// Whether any reading of a stream may be read.
    public func includes(_ stream: String) -> Bool {
        StreamName.owner(of: stream) == participant || spans.contains { $0.stream == stream }
    }

    /// As an SQL condition over `stream` and `time`. The owner of a stream is all before its last dot, so its streams are
    /// those that begin with the name and a dot and have no further one.
    var condition: (sql: String, arguments: StatementArguments) {
        var parts = ["(substr(stream, 1, ?) = ? AND instr(substr(stream, ?), '.') = 0)"]
        let prefix = participant + "."
        var arguments: StatementArguments = [prefix.count, prefix, prefix.count + 1]
        for span in spans {
            parts.append("(stream = ? AND time >= ? AND time <= ?)")
            arguments += [span.stream, Int64(clamping: span.from), Int64(clamping: span.to ?? UInt64(Int64.max))]
        }
        return ("(\(parts.joined(separator: " OR ")))", arguments)
    }
}
