import ContractKit
import Foundation
import Ledger
import ProjectionKit
import UseCaseKit

/// Everything that moved an account's money, from the ledger's records: its sum is the balance.
struct AccountStatement {
    struct Entry {
        let time: UInt64
        let height: UInt64
        /// nil for what a timer did.
        let transaction: Hash32?
        /// issued, paid, held, released or returned.
        let kind: String
        let other: String
        /// Minor units; negative for what went out.
        let change: Int64
        var balance: Int64 = 0
        let reference: String
        let order: Int64
    }

    /// Most entries of a statement.
    static let maximumEntries = 20_000

    let participant: String
    let currency: String
    /// Oldest first.
    let entries: [Entry]

    var balance: Int64 { entries.last?.balance ?? 0 }

    init(_ participant: String, _ currency: String, on platform: Platform) throws {
        self.participant = participant
        self.currency = currency
        var entries: [Entry] = []
        for record in try platform.index.records(mentioning: [participant], limit: Self.maximumEntries)
        where record.contract == "wallet" && record.rejection == nil
            && ["issue", "transfer"].contains(record.operation)
        {
            guard let entry = try Self.plain(record, participant, currency, platform) else { continue }
            entries.append(entry)
        }
        let others = try platform.index.movements(
            of: WalletContract.account(participant, currency), limit: Self.maximumEntries)
        for movement in others {
            let record = movement.isByTimer ? nil : try platform.index.record(number: movement.number)
            entries.append(
                Entry(
                    time: movement.time, height: movement.height, transaction: record?.id, kind: movement.kind,
                    other: movement.other, change: movement.change, reference: "",
                    order: movement.isByTimer ? movement.number & ~0xFFFFF : movement.number + 1))
        }
        entries.sort { $0.order < $1.order }
        var balance: Int64 = 0
        for index in entries.indices {
            balance += entries[index].change
            entries[index].balance = balance
        }
        self.entries = entries
    }

    /// A plain issue or transfer says by itself what it moved, unless an event does.
    private static func plain(
        _ record: IndexedRecord, _ participant: String, _ currency: String, _ platform: Platform
    ) throws -> Entry? {
        let arguments = try platform.statement(of: record).operation.arguments
        guard arguments["currency"]?.text == currency, let amount = arguments["amount"]?.int,
            let payee = arguments["to"]?.text
        else { return nil }
        let isIssue = record.operation == "issue"
        // A person's transfer moves the organisation's money: its event tells.
        let payer = try platform.state.get(MembershipContract.participants, record.issuer)
        if !isIssue, payer?.organisation != nil { return nil }
        let change = (payee == participant ? amount : 0) - (!isIssue && record.issuer == participant ? amount : 0)
        guard change != 0 else { return nil }
        return Entry(
            time: record.time, height: record.height, transaction: record.id, kind: isIssue ? "issued" : "paid",
            other: payee == participant ? record.issuer : payee, change: change,
            reference: arguments["reference"]?.text ?? arguments["payment"]?.text ?? "",
            order: Int64(record.height) << 20 | Int64(record.position) + 1)
    }
}
