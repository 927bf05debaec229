import ContractKit

/// Whoever may write can still be wrong, or lie. What parties state about one thing stands side by side; what differs, or
/// cannot be, is said and never overwritten.
extension TracingContract {
    /// Scales of two parties may differ by so many thousandths, and so many grams more.
    static let weightTolerance: (permille: UInt64, grams: UInt64) = (20, 5)
    /// A load may be so much warmer than it was told, hundredths of a degree.
    static let temperatureTolerance: Int64 = 50
    /// More than this grows nowhere in one harvest, grams a square metre: a year of tomatoes under glass is about 80 kg.
    public static let mostYield: UInt64 = 100_000

    public static func isPlausible(grams: UInt64, on plot: Plot) -> Bool {
        grams / mostYield <= plot.squareMetres
    }

    /// Who holds a box weighs it again.
    func weighBox(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let code = try Self.code(&arguments)
        let grams = try arguments.unsigned("grams", in: 1...1_000_000_000)
        let weighedAt = try arguments.unsigned("weighedAt")
        try arguments.finish()
        let box = try Self.liveBox(code, context)
        try Self.requireHolder(box, code, context)
        guard Self.isPast(weighedAt, context) else { throw .invalid("weighedAt", "a time that has passed") }
        let used = try context.require(Self.codes, code, "the code")
        let packer = try context.get(Self.harvestLots, used.harvestLot)?.owner ?? ""
        let apart = max(grams, box.grams) - min(grams, box.grams)
        let allowed = try (try box.grams.multiplied(by: Self.weightTolerance.permille) / 1000)
            .adding(Self.weightTolerance.grams)
        if apart > allowed {
            try context.emit(
                "weightDiffers", subject: code,
                [("packed", .unsigned(box.grams)), ("packer", .text(packer)), ("weighed", .unsigned(grams))])
        }
    }

    /// The receiver measures a box that a transport brought.
    func measureArrival(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let code = try Self.code(&arguments)
        let name = try arguments.text("leg")
        let temperature = try arguments.int("temperature", in: -10_000...10_000)
        let measuredAt = try arguments.unsigned("measuredAt")
        try arguments.finish()
        let leg = try context.require(Self.legs, name, "the leg")
        guard leg.to == context.sender.id else { throw .notAuthorised("\(name) goes to \(leg.to)") }
        guard leg.boxes.contains(code) else { throw ContractError(129, "\(code) was not sent with \(name)") }
        guard Self.isPast(measuredAt, context) else { throw .invalid("measuredAt", "a time that has passed") }
        guard let highest = leg.highest else { throw ContractError(128, "\(name) is not delivered yet") }
        if temperature > highest + Self.temperatureTolerance {
            try context.emit(
                "temperatureDiffers", subject: code,
                [
                    ("carrier", .text(leg.carrier)), ("told", Value(highest)), ("measured", Value(temperature)),
                ])
        }
    }
}
