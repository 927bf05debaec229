import ChattelMortgageContract
import Ledger
import UseCaseKit

/// Statements of chattel mortgage as the rows of table 10 of ISO/IEC TR 30176.
enum ChattelExchange {
    /// A batch holds what the sensors sent.
    static func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        guard let row = exchange(in: statement) else { return [] }
        guard statement.operation.contract == "telemetry" || statement.operation.name == "sensed" else { return [row] }
        return [
            Exchange(
                step: "T10.1", producer: "Sensor nodes", receiver: statement.issuer,
                exchanged: "signed messages for \(statement.subject)"), row,
        ]
    }

    static func exchange(in statement: Statement) -> Exchange? {
        let operation = statement.operation
        if operation.contract == "telemetry" {
            return Exchange(
                step: "T10.2", producer: statement.issuer, receiver: "Platform",
                exchanged: "readings of \(statement.subject)")
        }
        guard operation.contract == ChattelContract.contractName else { return nil }
        func text(_ name: String) -> String { operation.arguments[text: name]?.text ?? "" }
        func row(_ step: String, to receiver: String = "Platform", _ exchanged: String) -> Exchange {
            Exchange(step: step, producer: statement.issuer, receiver: receiver, exchanged: exchanged)
        }
        switch operation.name {
        case "sensed": return row("T10.2", "change in bay \(text("bay")) of \(text("site"))")
        case "blind": return row("T10.2", "silence of a sensor in \(text("bay"))")
        case "transit": return row("T10.7", to: "Bank and enterprise", "\(text("kind")) on the road")
        case "declare": return row("T10.3", "declaration of lot \(text("lot"))")
        case "inspect": return row("T10.3", "inspection: \(text("grade"))")
        case "issueReceipt": return row("T10.3", to: "Enterprise", "receipt \(text("number"))")
        case "draft": return row("T10.3", to: text("bank"), "loan request with orders, prepared")
        case "submit": return row("T10.3", to: "Bank", "loan request, sent")
        case "consent": return row("T10.4", "consent to tell the bank the status")
        case "authorise": return row("T10.4", to: text("monitor"), "request for status data")
        case "report": return row("T10.5", to: "Bank", "status report with the proof of the order")
        case "decide": return row("T10.6", to: "Enterprise", "decision, limit, pledge and payment")
        case "release": return row("T10.7", "release of goods")
        case "handOver": return row("T10.7", to: text("to"), "goods handed over")
        case "takeOver": return row("T10.7", "goods taken over")
        case "price": return row("T10.7", "price of \(text("kind"))")
        case "repay": return row("T10.7", to: "Bank", "repayment")
        case "nominate", "transferBeneficiary", "transferOwners": return row("T10.7", "change of ownership")
        case "closeAlarm": return row("T10.7", "alarm closed: \(text("reason"))")
        default: return row("T10", operation.name)
        }
    }
}
