import ContractKit

/// What a kilogram of a species fetched at a market; `fish/prices/<species>/<day>`.
public struct PriceRecord: StateValue, Hashable {
    /// A fall by so many per mille within ``span`` days is a warning.
    public static let warning: UInt64 = 100
    public static let span: UInt64 = 14

    /// Minor units a kilogram.
    public let price: UInt64
    public let by: String

    init(price: UInt64, by: String) {
        self.price = price
        self.by = by
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a price")
        self.init(price: try fields.number("price"), by: try fields.text("by"))
    }

    public var cbor: Value { ["price": .unsigned(price), "by": .text(by)] }
}

/// Prices of the market, told once a day by the service company, so that everybody values fish by the same figure
/// (TR 6.2.2.2).
extension FishFarmingContract {
    /// - Parameter arguments: `day` is days since 1970; neither to come nor told before.
    func recordPrice(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let species = try arguments.text("species", maximum: 60)
        let day = try arguments.unsigned("day", in: 1...99_999)
        let price = try arguments.unsigned("price", in: 1...100_000_000)
        try arguments.finish()
        try context.requireRole(Role.service)
        guard !species.utf8.contains(UInt8(ascii: "/")) else { throw .invalid("species", "a name without a slash") }
        guard day <= context.time / Self.day else { throw .invalid("day", "not a day to come") }
        let key = Self.price(of: species, day)
        guard try context.get(Self.prices, key) == nil else { throw .exists("the price of that day") }
        context.set(Self.prices, key, PriceRecord(price: price, by: context.sender.id))
        try context.emit("price", subject: "species:\(species)", [("price", .unsigned(price))])
    }

    public static func price(of species: String, _ day: UInt64) -> String {
        let digits = String(day)
        return "\(species)/\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits)"
    }

    /// Prices of a species, oldest first, with their days.
    public static func prices(
        of species: String, in state: any StateReader
    ) throws(ContractError) -> [(day: UInt64, price: UInt64)] {
        var found: [(day: UInt64, price: UInt64)] = []
        for (key, record) in try state.scan(prices, prefix: "\(species)/", limit: 100_000) {
            if let day = UInt64(key.dropFirst(species.count + 1)) { found.append((day, record.price)) }
        }
        return found
    }
}
