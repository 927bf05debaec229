import ContractKit

/// What was said of a night and what came of it; `fish/nights/<pond>/<night>`.
///
/// The gateway says it at midnight and tells at dawn what it measured, so nobody can choose afterwards what was said.
public struct NightRecord: StateValue, Hashable {
    /// Oxygen expected at dawn, half the width of its band, and what there was at midnight; hundredths of mg/L.
    public var expected: UInt64
    public var band: UInt64
    public var midnight: UInt64
    /// Ledger time, ms.
    public var saidAt: UInt64
    /// Oxygen at dawn; nil until it is told.
    public var measured: UInt64?
    /// Whether the aerator ran meanwhile: then the forecast of an unaided pond cannot be held against what came.
    public var isAerated = false

    init(expected: UInt64, band: UInt64, midnight: UInt64, saidAt: UInt64) {
        self.expected = expected
        self.band = band
        self.midnight = midnight
        self.saidAt = saidAt
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a night")
        self.init(
            expected: try fields.number("expected"), band: try fields.number("band"),
            midnight: try fields.number("midnight"), saidAt: try fields.number("saidAt"))
        measured = fields.optionalNumber("measured")
        isAerated = try fields.flag("isAerated")
    }

    public var cbor: Value {
        [
            "expected": .unsigned(expected), "band": .unsigned(band), "midnight": .unsigned(midnight),
            "saidAt": .unsigned(saidAt), "measured": .optional(measured), "isAerated": .bool(isAerated),
        ]
    }
}

extension FishFarmingContract {
    /// Keys of nights: the number of days since a pond's first midnight, with leading zeros, so that they are in order.
    public static func night(_ pond: String, _ number: UInt64) -> String {
        let digits = String(number)
        return "\(pond)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
    }

    func forecastNight(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try nightOfOwnPond(&arguments, context)
        let record = NightRecord(
            expected: try arguments.unsigned("expected", in: 0...5000),
            band: try arguments.unsigned("band", in: 0...5000),
            midnight: try arguments.unsigned("midnight", in: 0...5000), saidAt: context.time)
        try arguments.finish()
        guard try context.get(Self.nights, key) == nil else { throw .exists("the forecast of this night") }
        context.set(Self.nights, key, record)
    }

    func tellDawn(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try nightOfOwnPond(&arguments, context)
        let measured = try arguments.unsigned("measured", in: 0...5000)
        let isAerated = try arguments.bool("isAerated")
        try arguments.finish()
        var night = try context.require(Self.nights, key, "the forecast of this night")
        guard night.measured == nil else { throw Refusal.stage }
        night.measured = measured
        night.isAerated = isAerated
        context.set(Self.nights, key, night)
    }

    private func nightOfOwnPond(
        _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) -> String {
        let id = try arguments.text("pond", maximum: 60)
        let number = try arguments.unsigned("night", in: 0...99_999_999)
        let pond = try context.require(Self.ponds, id, "the pond")
        guard pond.gateway == context.sender.id else { throw .notAuthorised("the pond's gateway is \(pond.gateway)") }
        _ = try farm(of: pond.owner, collecting: .water, context)
        return Self.night(id, number)
    }
}
