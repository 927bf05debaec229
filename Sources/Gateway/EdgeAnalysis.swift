import Ledger

/// A use case's own analysis at the edge, where rules as data do not reach: several sensors together, over time.
///
/// It sees readings once they are durable, in order, and says what goes on the ledger; the gateway signs and sends it.
/// Its memory lives as long as the process: after a restart it starts anew with the next readings.
public protocol EdgeAnalysis: Sendable {
    /// What follows from readings.
    func observe(_ readings: [AcceptedReading]) async -> [EdgeFinding]
    /// What follows from time that passed; asked every second with the gateway's clock, seconds since 1970.
    func tick(_ now: Double) async -> [EdgeFinding]
}

/// A statement that an analysis asks for.
public struct EdgeFinding: Sendable {
    /// Names it: what was found under this name before is not sent again.
    public let purpose: String
    public let subject: String
    public let operation: Ledger.Operation

    public init(purpose: String, subject: String, operation: Ledger.Operation) {
        self.purpose = purpose
        self.subject = subject
        self.operation = operation
    }
}
