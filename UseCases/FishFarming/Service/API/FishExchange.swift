import FishFarmingContract
import Ledger
import UseCaseKit

/// Statements of fish farming as the rows of table 7 of ISO/IEC TR 30176.
enum FishExchange {
    /// A batch holds what the sensors sent, an incident what the controller was told, a choice what the farmer was shown.
    static func exchanges(in statement: Statement, events: [TransactionResult.Event]) -> [Exchange] {
        guard let row = exchange(in: statement) else { return [] }
        let arguments = statement.operation.arguments
        func text(_ name: String) -> String { arguments[text: name]?.text ?? "" }
        if statement.operation.contract == "telemetry" {
            return [
                Exchange(
                    step: "T7.1", producer: "Sensor nodes", receiver: statement.issuer,
                    exchanged: "signed messages for \(statement.subject)"), row,
            ]
        }
        switch statement.operation.name {
        case "reportIncident":
            return [
                Exchange(
                    step: "T7.3", producer: statement.issuer, receiver: "Oxygen controller",
                    exchanged: "\(text("command")); \(text("answer"))"), row,
            ]
        case "choose":
            let expected = hundredths(arguments[text: "expected"]?.unsigned ?? 0)
            return [
                Exchange(
                    step: "T7.5", producer: "Platform", receiver: "APP", exchanged: "forecast: \(expected) mg/L at dawn"
                ),
                row,
            ]
        default: return [row]
        }
    }

    static func exchange(in statement: Statement) -> Exchange? {
        let operation = statement.operation
        func text(_ name: String) -> String { operation.arguments[text: name]?.text ?? "" }
        func number(_ name: String) -> UInt64 { operation.arguments[text: name]?.unsigned ?? 0 }
        func row(_ step: String?, from producer: String? = nil, to receiver: String = "Platform", _ exchanged: String)
            -> Exchange
        {
            Exchange(step: step, producer: producer ?? statement.issuer, receiver: receiver, exchanged: exchanged)
        }
        if operation.contract == "telemetry" { return row("T7.2", "readings of \(statement.subject)") }
        guard operation.contract == FishFarmingContract.contractName else { return nil }
        switch operation.name {
        case "forecastNight":
            return row(
                "T7.5", to: "APP",
                "forecast for \(text("pond")): \(hundredths(number("expected"))) mg/L at dawn, give or take "
                    + hundredths(number("band")))
        case "tellDawn": return row("T7.5", to: "APP", "at dawn \(hundredths(number("measured"))) mg/L")
        case "correct": return row(nil, "corrects a report of \(text("batch")) to \(number("value"))")
        case "assist":
            return row(nil, to: text("farmer"), "explained the terms of \(text("provider")) in \(text("language"))")
        case "claim": return row(nil, to: "Insurer", "loss of \(number("dead")) fish: \(text("words"))")
        case "declineClaim":
            return row("T7.9", to: DeskRoutes.farmer(text("cover")), "claim declined: \(text("reason"))")
        case "say": return row(nil, "a message in the case \(text("case"))")
        case "answerObjection":
            return row(
                "T7.9", to: DeskRoutes.farmer(FishFarmingContract.decision(of: text("case"))),
                "answer to the objection: \(text("reason"))")
        case "signAgreement":
            return row(nil, to: text("provider"), "contract with the service company, version \(text("version"))")
        case "allow": return row(nil, "consent to collect data")
        case "withdraw": return row(nil, "consent withdrawn")
        case "share": return row(nil, to: text("institution"), "consent to use data")
        case "endShare": return row(nil, to: text("institution"), "consent to use data ended")
        case "reportWater": return row("T7.2", "oxygen \(hundredths(number("mean"))) mg/L in \(text("pond"))")
        case "reportIncident": return row("T7.4", "\(text("cause")); \(text("command")); \(text("answer"))")
        case "raiseAlarm": return row("T7.5", to: "APP", "alarm in \(text("pond")): \(text("words"))")
        case "acknowledge": return row(nil, "an alarm of \(text("pond")) is looked after")
        case "nameNeighbour": return row(nil, to: text("participant"), "is told of alarms that nobody answers")
        case "reportRisk": return row(nil, to: text("farmer"), "\(text("finding")) \(text("advice"))")
        case "riskDone": return row(nil, "the advice was followed")
        case "measureRisk": return row(nil, to: text("farmer"), "what following the advice changed")
        case "choose":
            return row("T7.6", from: "APP", to: statement.issuer, "\(text("suggestion")) Chosen: \(text("choice"))")
        case "apply":
            return row(
                "T7.7", to: String(text("model").prefix { $0 != "/" }),
                "application with the data of batch \(text("batch"))")
        case "requestCover":
            return row(
                "T7.7", to: String(text("model").prefix { $0 != "/" }), "request for cover of batch \(text("batch"))")
        case "publishModel": return row("T7.8", "model \(text("name")), version \(number("version"))")
        case "decide": return row("T7.9", to: DeskRoutes.farmer(text("loan")), "evaluation of the application")
        case "quote": return row("T7.9", to: DeskRoutes.farmer(text("cover")), "evaluation and premium")
        case "accept": return row("T7.9", to: "Seller", "loan paid out to the payee")
        case "bind": return row("T7.9", "premium paid, cover in force")
        case "registerPond": return row(nil, "pond \(text("pond")) with its devices")
        case "stock": return row(nil, "\(number("count")) fry stocked, batch \(text("batch"))")
        case "confirmFry": return row(nil, "fry confirmed")
        case "recordMedicine": return row(nil, "medicine: \(text("product"))")
        case "recordDisease":
            return row(nil, "\(text("disease")) in batch \(text("batch"))")
        case "joinWater": return row(nil, "wants to be told of diseases in \(text("water"))")
        case "warnWater": return row(nil, to: "Farms on \(text("water"))", "\(text("disease")) in this water")
        case "recordPrice": return row(nil, "a kilogram of \(text("species")) fetched \(hundredths(number("price")))")
        case "recordMortality": return row(nil, "\(number("count")) fish died")
        case "weigh": return row(nil, "mean weight \(number("meanGrams")) g")
        case "harvest": return row(nil, "harvest of \(number("grams") / 1000) kg")
        case "recordFeed": return row("T7.2", "\(number("grams")) g of feed")
        case "requestFeeding": return row("T7.6", "asks for \(number("grams")) g of feed")
        case "order": return row("T7.7", "purchase order: \(text("goods"))")
        case "confirmOrder": return row("T7.7", "purchase order confirmed")
        case "entrust": return row("T7.7", "entrusted payment agreement")
        case "repay": return row(nil, "repayment")
        case "object": return row("T7.9", "objection: \(text("why"))")
        case "payAudit":
            return row("T7.9", to: DeskRoutes.farmer(text("cover")), "payment after an audit: \(text("finding"))")
        default: return row(nil, operation.name)
        }
    }

    static func hundredths(_ value: UInt64) -> String {
        let rest = value % 100
        return "\(value / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
