import GRDB
import Ledger
import LedgerStore

/// Money that moved otherwise than by a plain transfer: in somebody's name, out of a hold, under a mandate, by a timer.
public struct IndexedMovement: Sendable, Hashable {
    /// height << 20 | position in the block; the last position stands for timers.
    public let number: Int64
    /// Minor units; negative for what went out.
    public let change: Int64
    /// paid, held, released or returned.
    public let kind: String
    /// The other side.
    public let other: String
    /// Ledger time, ms since 1970.
    public let time: UInt64

    public var height: UInt64 { UInt64(number >> 20) }
    public var isByTimer: Bool { number & 0xFFFFF == 0xFFFFF }

    static func numberOfTimers(in header: BlockHeader) -> Int64 { Int64(header.height) << 20 | 0xFFFFF }
}

extension RecordIndex {
    static func insertMovements(
        _ events: [TransactionResult.Event], _ number: Int64, _ block: StoredBlock, _ db: Database
    ) throws {
        for (place, event) in events.enumerated() where event.contract == "wallet" {
            for (half, movement) in movements(of: event).enumerated() {
                try db.cachedStatement(
                    sql:
                        "INSERT INTO movements (account, number, place, change, kind, other, time) VALUES (?, ?, ?, ?, ?, ?, ?)"
                ).execute(arguments: [
                    movement.account, number, place * 2 + half, movement.change, movement.kind, movement.other,
                    Int64(block.header.time),
                ])
            }
        }
    }

    private typealias Movement = (account: String, change: Int64, kind: String, other: String)

    /// What an event of the wallet says of accounts (`<currency>/<participant>`).
    private static func movements(of event: TransactionResult.Event) -> [Movement] {
        let details = event.details
        guard let currency = details["currency"]?.text else { return [] }
        func amount(_ name: String) -> Int64 { details[text: name]?.int ?? 0 }
        let payer = event.subject
        switch event.name {
        case "paid":
            let payee = details["to"]?.text ?? ""
            return [
                ("\(currency)/\(payer)", -amount("amount"), "paid", payee),
                ("\(currency)/\(payee)", amount("amount"), "paid", payer),
            ]
        case "held":
            return [("\(currency)/\(payer)", -amount("amount"), "held", details["for"]?.text ?? "")]
        case "holdSettled":
            let payee = details["to"]?.text ?? ""
            return [
                ("\(currency)/\(payee)", amount("paid"), "released", payer),
                ("\(currency)/\(payer)", amount("returned"), "returned", payee),
            ].filter { $0.1 != 0 }
        case "holdReduced":
            return [("\(currency)/\(payer)", amount("returned"), "returned", "")]
        default:
            return []
        }
    }

    /// Movements of an account, oldest first.
    public func movements(of account: String, limit: Int) throws -> [IndexedMovement] {
        try pool.read { db in
            try Row.fetchAll(
                db,
                sql:
                    "SELECT number, change, kind, other, time FROM movements WHERE account = ? ORDER BY number, place LIMIT ?",
                arguments: [account, limit]
            ).map {
                IndexedMovement(
                    number: $0["number"], change: $0["change"], kind: $0["kind"], other: $0["other"],
                    time: UInt64($0["time"] as Int64))
            }
        }
    }
}
