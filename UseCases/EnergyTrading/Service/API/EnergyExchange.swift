import EnergyTradingContract
import Ledger
import UseCaseKit

/// Statements of both contracts as rows of table 13.
enum EnergyExchange {
    /// What a meter showed is both what a seller gave and what was sent on about it.
    static func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        guard let row = exchange(in: statement) else { return [] }
        let operation = statement.operation
        guard operation.contract == EnergyContract.contractName, operation.name == "measure",
            let given = operation.arguments["exported"]?.unsigned, given > 0
        else { return [row] }
        return [
            Exchange(
                step: "T13.4", producer: operation.arguments["participant"]?.text ?? "", receiver: "Buyer",
                exchanged: "\(given) Wh, recorded in the meter"), row,
        ]
    }

    static func exchange(in statement: Statement) -> Exchange? {
        let operation = statement.operation
        let who = statement.issuer
        func row(_ step: String?, _ receiver: String, _ exchanged: String) -> Exchange {
            Exchange(step: step, producer: who, receiver: receiver, exchanged: exchanged)
        }
        switch (operation.contract, operation.name) {
        case (EnergyContract.contractName, "surplus"):
            return row("T13.1", "EAG", "\(number("energy", operation)) Wh to spare")
        case (EnergyContract.contractName, "seal"): return row("T13.2", "EAG", "sealed order")
        case (EnergyContract.contractName, "open"):
            return row(
                "T13.2", "EAG",
                "\(operation.arguments["side"]?.text ?? "") \(number("energy", operation)) Wh, limit "
                    + "\(number("price", operation)) thousandths of a point for a kWh")
        case (EnergyContract.contractName, "standing"): return row("T13.3", "EAG", "acceptance ahead")
        case (EnergyContract.contractName, "accept"):
            return row("T13.3", "EAG", "seller accepts trade \(number("trade", operation))")
        case (EnergyContract.contractName, "cross"):
            return row("T13.3", "Orders that were left", "\(number("energy", operation)) Wh across the border")
        case (EnergyContract.contractName, "measure"):
            return row(
                "T13.5", "Market",
                "\(operation.arguments["participant"]?.text ?? ""): took \(number("imported", operation)) Wh, gave "
                    + "\(number("exported", operation)) Wh")
        case (EnergyContract.contractName, "recordSession"):
            return row("T13.4", "Buyer", "\(number("received", operation)) Wh arrived in a session of its own")
        case (EnergyContract.contractName, "pay"):
            return row(
                "T13.6", "EAG",
                "payment of \(number("amount", operation)) points for trade \(number("trade", operation))")
        case (EnergyContract.contractName, "confirm"):
            return row("T13.7", "Every wallet", "trade \(number("trade", operation)) confirmed, as a commitment")
        case (RegionContract.contractName, "position"):
            return row(
                "T13.2", "Other EAGs",
                "\(operation.arguments["side"]?.text ?? "") \(number("energy", operation)) Wh net")
        case (RegionContract.contractName, "report"):
            return row("T13.5", "Other EAG", "\(number("energy", operation)) Wh over the line")
        case (RegionContract.contractName, "anchor"):
            return row(nil, "Other EAGs", "head of the private ledger at height \(number("height", operation))")
        default: return nil
        }
    }

    private static func number(_ name: String, _ operation: Operation) -> String {
        (operation.arguments[.text(name)]?.unsigned).map { "\($0)" } ?? ""
    }
}
