import AgriculturalTracingContract
import Ledger
import UseCaseKit

/// Statements of tracing as the rows of table 4 of ISO/IEC TR 30176.
enum TracingExchange {
    static func exchange(in statement: Statement) -> Exchange? {
        let operation = statement.operation
        if operation.contract == "telemetry" {
            return Exchange(
                step: "T4.2", producer: statement.issuer, receiver: "Platform",
                exchanged: "readings of \(statement.subject)")
        }
        guard operation.contract == TracingContract.contractName else { return nil }
        func text(_ name: String) -> String { operation.arguments[text: name]?.text ?? "" }
        func row(_ step: String, to receiver: String = "Platform", _ exchanged: String) -> Exchange {
            Exchange(step: step, producer: statement.issuer, receiver: receiver, exchanged: exchanged)
        }
        switch operation.name {
        case "registerFarm": return row("T4.1", "farm \(text("farm"))")
        case "registerPlot": return row("T4.1", "plot \(text("plot"))")
        case "registerSeedLot": return row("T4.1", "seed lot \(text("seedLot"))")
        case "recordOperation": return row("T4.1", text("kind"))
        case "harvest": return row("T4.1", "harvest lot \(text("lot"))")
        case "reportTest": return row("T4.3", "test report: \(text("analyte"))")
        case "commission": return row("T4.4", "product code")
        case "affix": return row("T4.4", "tag on the box confirmed")
        case "aggregate": return row("T4.4", "boxes put on pallet \(text("sscc"))")
        case "disaggregate": return row("T4.4", "boxes taken off pallet \(text("sscc"))")
        case "placeDevice": return row("T4.1", "\(text("device")) hangs in \(text("room"))")
        case "store": return row("T4.4", "boxes stored in \(text("room"))")
        case "transform": return row("T4.1", "lots mixed to \(text("product"))")
        case "certify": return row("T4.3", "certificate \(text("scheme")) of \(text("holder"))")
        case "withdrawCertificate": return row("T4.3", "certificate \(text("certificate")) withdrawn")
        case "stateBrand": return row("T4.1", "brand \(text("brand"))")
        case "attach": return row("T4.1", "hash of a picture or document: \(text("caption"))")
        case "reportSoil": return row("T4.3", "soil of \(text("plot")): \(text("analyte"))")
        case "recordWeather": return row("T4.1", "weather of \(text("source")), \(text("month"))")
        case "expectGrowth": return row("T4.1", "expected growth on \(text("plot"))")
        case "setMarket": return row("T4.1", "rules of the market \(text("market"))")
        case "replaceLabel": return row("T4.4", "a damaged label replaced")
        case "shareScore": return row("T4.1", to: text("reader"), "leave to read the score")
        case "accredit": return row("T4.3", "accreditation \(text("number")) of \(text("agency"))")
        case "declareError": return row("T4.1", "error declared: \(text("reason"))")
        case "takeBack": return row("T4.6", to: "Consumer", "units taken back: \(text("reason"))")
        case "confirmRecall": return row("T4.6", "boxes of \(text("lot")) set aside")
        case "dispatch": return row("T4.5", to: text("from"), "boxes taken over for \(text("to"))")
        case "deliver": return row("T4.5", "delivery with its temperatures")
        case "receive": return row("T4.5", "boxes received")
        case "offer": return row("T4.6", "on the shelf")
        case "sell": return row("T4.6", to: "Consumer", "sale")
        case "waste": return row("T4.6", "taken out: \(text("reason"))")
        case "observe":
            return row("T4.1", "\((operation.arguments["boxes"]?.array ?? []).count) tags read by \(text("reader"))")
        case "installProbe": return row("T4.1", "place and calibration of \(text("device"))")
        case "captureEvent": return row("T4.1", "\(text("type")) of a partner's system")
        case "recall": return row("T4.6", to: "Consumer", "recall: \(text("reason"))")
        default: return row("T4", operation.name)
        }
    }
}
