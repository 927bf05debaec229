import ContractKit

/// What is known of a plot beside its own probes (TR 6.1.2.2, 6.1.12 1): laboratory values of its soil, weather of a station, the growth that is
/// expected, and how much nitrogen it got.
extension TracingContract {
    /// Nitrogen from manure in a year that Council Directive 91/676/EEC, annex III (2), allows, grams a hectare.
    public static let nitrogenLimit: UInt64 = 170_000
    /// Days of one record of weather.
    static let longestMonth = 31
    /// Days between two values of an expected growth curve.
    public static let growthStep: UInt64 = 10

    /// A laboratory's value of a soil sample, where it was taken.
    func reportSoil(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.laboratory)
        let report = try Self.identifier(&arguments, "report")
        let plot = try arguments.text("plot")
        _ = try arguments.text("sample", maximum: 60)
        _ = try arguments.text("place", maximum: 100)
        _ = try arguments.optionalUnsigned("depthMillimetres")
        let takenAt = try arguments.unsigned("takenAt")
        let analyte = try arguments.text("analyte", maximum: 100)
        _ = try arguments.int("value", in: -1_000_000_000...1_000_000_000)
        _ = try arguments.unsigned("decimals", in: 0...9)
        _ = try arguments.text("unit", maximum: 10)
        _ = try arguments.text("method", maximum: 100)
        let document = try arguments.optionalHash("document")
        try arguments.finish()
        try context.requireEntry(Self.plots, plot, "the plot")
        guard Self.isPast(takenAt, context) else { throw .invalid("takenAt", "a time that has passed") }
        guard try context.get(Self.reports, report) == nil else { throw .exists("the report \(report)") }
        context.set(
            Self.reports, report,
            TestReport(lot: "plot:\(plot)", isCovered: try isCovered(context.sender.id, analyte, context)))
        try expect(document, of: "plot:\(plot)", "Soil report \(report)", context)
    }

    /// A month of a station's weather that somebody else measured: whose it is and the hash of the file stand with the values, a list for
    /// each day of lowest, highest (1/100 °C), rain (1/100 mm) and irradiation (Wh/m²).
    func recordWeather(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let station = try Self.identifier(&arguments, "station")
        let month = try arguments.text("month", maximum: 7)
        let record = WeatherMonth(
            by: context.sender.id, source: try arguments.text("source", maximum: 200), file: try arguments.hash("file"))
        _ = try arguments.text("place", maximum: 100)
        let days = try arguments.array("days", maximum: Self.longestMonth)
        try arguments.finish()
        let parts = month.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2], parts.allSatisfy({ UInt64($0) != nil }) else {
            throw .invalid("month", "YYYY-MM")
        }
        guard !days.isEmpty,
            days.allSatisfy({ $0.array.map { $0.count == 4 && $0.allSatisfy { $0.int != nil } } ?? false })
        else { throw .invalid("days", "a list of lowest, highest, rain and irradiation for each day") }
        guard try context.get(Self.weather, "\(station)/\(month)") == nil else {
            throw .exists("the weather of \(station) in \(month)")
        }
        context.set(Self.weather, "\(station)/\(month)", record)
    }

    /// A grower states how high a crop stands every ``growthStep`` days from its sowing, mm.
    func expectGrowth(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("plot")
        let items = try arguments.array("heights", maximum: 60)
        try arguments.finish()
        var plot = try context.require(Self.plots, name, "the plot")
        try requireFarmOwner(plot.farm, context)
        var heights: [UInt64] = []
        for item in items {
            guard let height = item.unsigned, height <= 100_000, height >= heights.last ?? 0 else {
                throw .invalid("heights", "millimetres that do not fall, one for every \(Self.growthStep) days")
            }
            heights.append(height)
        }
        plot.expectedHeights = heights
        context.set(Self.plots, name, plot)
    }

    /// Adds nitrogen to what the plot got in that year; too much is recorded and told, not refused: it is on the field.
    func fertilise(
        _ plot: inout Plot, _ name: String, nitrogen: UInt64, at time: UInt64, _ context: ContractContext
    ) throws(ContractError) {
        let year = UInt64(ExpiryDate.year(at: time))
        plot.nitrogen = plot.nitrogenYear == year ? try plot.nitrogen.adding(nitrogen) : nitrogen
        plot.nitrogenYear = year
        if plot.nitrogen > Self.nitrogenLimit {
            try context.emit(
                "nitrogenLimit", subject: "plot:\(name)",
                [
                    ("year", .unsigned(year)), ("gramsPerHectare", .unsigned(plot.nitrogen)),
                    ("limit", .unsigned(Self.nitrogenLimit)),
                ])
        }
    }

    /// A signed report's document may be laid down at a node once its hash is here.
    func expect(
        _ document: Hash32?, of about: String, _ caption: String, _ context: ContractContext
    ) throws(ContractError) {
        guard let document, try context.get(Self.documents, document.hex) == nil else { return }
        context.set(
            Self.documents, document.hex,
            Attachment(
                by: context.sender.id, about: about, mediaType: "application/pdf", caption: caption, original: nil))
    }
}

/// A month of weather from elsewhere; key: station and month.
public struct WeatherMonth: StateValue, Hashable {
    /// Who brought it, not who measured it.
    public var by: String
    /// Who measured it, in words.
    public var source: String
    /// SHA-256 of the file.
    public var file: Hash32

    init(by: String, source: String, file: Hash32) {
        self.by = by
        self.source = source
        self.file = file
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of weather")
        self.init(by: try fields.text("by"), source: try fields.text("source"), file: try fields.hash("file"))
    }

    public var cbor: Value { ["by": .text(by), "source": .text(source), "file": .hash(file)] }
}
