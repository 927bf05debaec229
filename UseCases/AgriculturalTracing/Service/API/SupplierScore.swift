import AgriculturalTracingContract
import ContractKit
import Ledger
import ProjectionKit
import UseCaseKit

/// A supplier's credit as tracing knows it (TR 6.1.11): a sum of named reasons, each of which is a record of the ledger. Whoever has the
/// ledger counts the same.
struct SupplierScore {
    struct Reason {
        let points: Int
        let words: String
        let record: IndexedRecord
    }

    static let best = 100
    private static let start = 60
    /// Records that are counted, the latest.
    private static let horizon = 5000

    let reasons: [Reason]
    var points: Int { min(Self.best, max(0, reasons.reduce(Self.start) { $0 + $1.points })) }

    /// What a kind of record is worth, in points.
    enum Weight {
        static let passed = 2
        static let notCovered = -1
        static let failed = -25
        static let recalled = -30
        static let waiting = -10
        static let implausible = -10
        static let delivered = 2
        static let breach = -15
        static let missing = -5
        static let certificate = 5
        static let withdrawn = -20
        static let nitrogen = -5
    }

    /// The score of a participant from the records about its lots, its transports and its certificates.
    init(of supplier: String, on platform: Platform) throws {
        var reasons: [Reason] = []
        let lots = Set(
            try platform.state.scan(TracingContract.harvestLots, limit: Self.horizon)
                .filter { $0.value.owner == supplier }.map(\.key))
        for record in try platform.index.latest(contract: TracingContract.contractName, limit: Self.horizon).reversed()
        where record.rejection == nil {
            guard Self.operations.contains(record.operation) else { continue }
            let item = try platform.item(of: record)
            let arguments = try item.decoded().operation.arguments
            func text(_ name: String) -> String { arguments[text: name]?.text ?? "" }
            func add(_ points: Int, _ words: String) {
                reasons.append(Reason(points: points, words: words, record: record))
            }
            let events = item.result.events
            func has(_ event: String) -> Bool { events.contains { $0.name == event } }
            switch record.operation {
            case "reportTest" where lots.contains(text("lot")):
                if has("lotOnHold") {
                    add(Weight.failed, "\(text("analyte")) over its limit in \(text("lot"))")
                } else if has("notCovered") {
                    add(
                        Weight.notCovered,
                        "\(text("analyte")) in \(text("lot")) tested by an agency that is not accredited for it")
                } else {
                    add(Weight.passed, "\(text("analyte")) within its limit in \(text("lot"))")
                }
            case "recall" where lots.contains(text("lot")):
                add(Weight.recalled, "\(text("lot")) recalled: \(text("reason"))")
            case "harvest" where record.issuer == supplier:
                if has("waitingPeriod") { add(Weight.waiting, "\(text("lot")) cut inside a waiting period") }
                if has("implausibleYield") { add(Weight.implausible, "\(text("lot")): more than its plot can bear") }
            case "recordOperation" where record.issuer == supplier && has("nitrogenLimit"):
                add(Weight.nitrogen, "more nitrogen on \(text("plot")) than the limit of a year")
            case "deliver" where record.issuer == supplier:
                if has("coldChainBreach") {
                    add(Weight.breach, "the cold chain of \(text("leg")) was broken")
                } else {
                    add(Weight.delivered, "\(text("leg")) delivered within its temperature")
                }
            case "receive":
                let missing = events.count { $0.name == "missingOnArrival" && $0.details["carrier"]?.text == supplier }
                if missing > 0 { add(Weight.missing * missing, "\(missing) boxes of \(text("leg")) did not arrive") }
            case "certify" where text("holder") == supplier: add(Weight.certificate, "certified: \(text("scheme"))")
            case "withdrawCertificate" where events.contains { $0.subject == supplier }:
                add(Weight.withdrawn, "certificate \(text("certificate")) withdrawn: \(text("reason"))")
            default: break
            }
        }
        self.reasons = reasons
    }

    private static let operations: Set<String> = [
        "reportTest", "recall", "harvest", "recordOperation", "deliver", "receive", "certify", "withdrawCertificate",
    ]

    /// Whether somebody may read a supplier's score: itself, and whom it lets.
    static func mayRead(_ reader: String, of supplier: String, on platform: Platform) throws -> Bool {
        if reader == supplier { return true }
        let until = try platform.state.get(TracingContract.scoreReaders, "\(supplier)/\(reader)")
        return until.map { platform.now < $0 } ?? false
    }
}
