import AgriculturalTracingContract
import ContractKit
import Foundation
import Ledger
import TestSupport

/// The tracing contract on state in memory, with a farm, a carrier, a seller and a laboratory.
final class ContractBench {
    private let runner = ContractRunner(TracingContract())
    var time: UInt64 {
        get { runner.time }
        set { runner.time = newValue }
    }
    var events: [TransactionResult.Event] { runner.events }
    var state: any StateReader { runner.state }

    init() {
        for id in ["farmer", "carrier", "seller", "laboratory"] { runner.enrol(id, roles: [id]) }
    }

    /// nil when accepted, else the error number.
    @discardableResult
    func run(_ name: String, _ arguments: [(String, Value)], as role: String, id: String? = nil) -> UInt64? {
        runner.run(name, arguments, as: .init(id: id ?? role, member: "m", roles: [role]))
    }

    func advance(to time: UInt64) throws { try runner.advance(to: time) }

    func violations() throws -> [String] { try runner.violations() }

    func box(_ code: ProductCode) throws -> Box? { try state.get(TracingContract.boxes, code.path) }

    // MARK: Shorthand

    static let gln = "4012345000009"

    func prepare(lot: String = "LOT", grams: UInt64 = 100_000) {
        run("registerFarm", [("farm", .text(Self.gln)), ("name", "Farm"), ("region", "Valley")], as: "farmer")
        run(
            "registerPlot", [("plot", "P"), ("farm", .text(Self.gln)), ("crop", "Tomatoes"), ("squareMetres", 1000)],
            as: "farmer")
        run(
            "harvest",
            [("lot", .text(lot)), ("plot", "P"), ("harvestedAt", .unsigned(time - 1)), ("grams", .unsigned(grams))],
            as: "farmer")
    }

    func commission(
        _ code: ProductCode, lot: String = "LOT", grams: UInt64 = 100, units: UInt64 = 5, expiry: String = "261201"
    ) -> UInt64? {
        run(
            "commission",
            [
                ("code", .text(code.path)), ("lot", .text(lot)), ("grams", .unsigned(grams)),
                ("units", .unsigned(units)), ("expiry", .text(expiry)), ("utcOffsetMinutes", 60),
            ], as: "farmer")
    }

    func code(_ serial: Int) -> ProductCode {
        guard let code = try? ProductCode(gtin: "04012345000016", lot: "LOT", serial: "S\(serial)") else {
            preconditionFailure("the test's code is a product code")
        }
        return code
    }

    /// Brings a box from the printer to the shelf.
    func bringToShelf(_ code: ProductCode) {
        let boxes = Value.array([.text(code.path)])
        run("affix", [("code", .text(code.path))], as: "farmer")
        run(
            "dispatch",
            [
                ("leg", .text("L\(code.serial)")), ("from", "farmer"), ("to", "seller"), ("boxes", boxes),
                ("maximumTemperature", 700), ("departedAt", 1),
            ], as: "carrier")
        run(
            "deliver",
            [("leg", .text("L\(code.serial)")), ("deliveredAt", 2), ("highestTemperature", 500), ("minutesOver", 0)],
            as: "carrier")
        run("receive", [("leg", .text("L\(code.serial)")), ("boxes", boxes)], as: "seller")
        run("offer", [("code", .text(code.path))], as: "seller")
    }
}
