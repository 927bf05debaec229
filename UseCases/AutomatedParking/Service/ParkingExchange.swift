import AutomatedParkingContract
import Ledger
import UseCaseKit

/// Statements of the contract as rows of the step table.
enum ParkingExchange {
    /// A passage holds what the camera saw, and its events what followed: the session, the bill, the payment, the receipt.
    static func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        guard let row = exchange(in: statement) else { return [] }
        let arguments = statement.operation.arguments
        var before: [Exchange] = []
        let isArrival = statement.operation.name == "arrive"
        if isArrival || statement.operation.name == "depart" {
            before.append(
                Exchange(
                    step: isArrival ? "2" : "5", producer: arguments["device"]?.text ?? "", receiver: statement.issuer,
                    exchanged: "plate, time, lane, confidence and picture's hash, signed"))
        }
        return before + [row] + events.filter { $0.contract == ParkingContract.contractName }.flatMap(consequences)
    }

    private static func consequences(of event: TransactionResult.Event) -> [Exchange] {
        func row(_ step: String, _ producer: String, _ receiver: String, _ exchanged: String) -> Exchange {
            Exchange(step: step, producer: producer, receiver: receiver, exchanged: exchanged)
        }
        func number(_ name: String) -> UInt64 { event.details[text: name]?.unsigned ?? 0 }
        switch event.name {
        case "opened":
            return [row("4", "Platform", "Wallet and manager", "session, tariff version \(number("tariff"))")]
        case "review" where event.details[text: "kind"]?.text == Review.Kind.noExit.rawValue:
            let seen = event.details[text: "seenBy"]?.text ?? "nobody"
            return [row("E2", "Platform", "Manager", "session over its limit, last seen by \(seen)")]
        case "left": return [row("7", "Contract", "Platform", "bill of \(number("total"))")]
        case "paid":
            return [
                row("9", "Wallet", "Platform", "pays \(number("amount"))"),
                row("10", "Platform", "Every node", "payment of \(number("amount")), agreed by a quorum"),
                row("12", "Platform", "Wallet and manager", "receipt with its proof"),
            ]
        default: return []
        }
    }

    static func exchange(in statement: Statement) -> Exchange? {
        let operation = statement.operation
        guard operation.contract == ParkingContract.contractName else { return nil }
        let who = statement.issuer
        func row(_ step: String?, _ producer: String, _ receiver: String, _ exchanged: String) -> Exchange {
            Exchange(step: step, producer: producer, receiver: receiver, exchanged: exchanged)
        }
        func text(_ name: String) -> String { operation.arguments[.text(name)]?.text ?? "" }
        func number(_ name: String) -> UInt64 { operation.arguments[.text(name)]?.unsigned ?? 0 }
        switch operation.name {
        case "register": return row("1", who, "Platform", "plate (keyed hash), country, mandate, proof")
        case "check": return row("1", who, "Platform", "right to the plate confirmed")
        case "contest": return row("1", who, "Manager", "claims a plate of another account")
        case "arrive":
            return row("3", who, "Platform", "arrival: \(number("reads")) read(s), sure to \(number("confidence")) ‰")
        case "depart":
            return row("6", who, "Platform", "departure: \(number("reads")) read(s), sure to \(number("confidence")) ‰")
        case "barrier":
            return row(
                "11", who, text("device"), "open, \(text("reason")); \(text("word")) after \(number("milliseconds")) ms"
            )
        case "unread": return row("E1", who, "Manager", "a car passed \(text("device")) and no plate was read")
        case "maintenance": return row(nil, who, "Manager", "\(text("device")) reads less surely than it did")
        case "charge": return row("8", who, "Wallet", "asks the wallet under the mandate, and is paid")
        case "pay": return row("9", who, "Platform", "pays \(number("amount")) by hand")
        case "desk": return row("9", "Visitor", who, "pays \(number("amount")) at the desk: \(text("method"))")
        case "dispute": return row("E4", who, "Manager", text("reason"))
        case "decide": return row("E1", who, "Platform", "decision: \(text("reason"))")
        case "tariff": return row(nil, who, "Everybody", "tariff, published ahead")
        case "lane": return row(nil, who, text("device"), "authorised for lane \(text("name"))")
        default: return nil
        }
    }
}
