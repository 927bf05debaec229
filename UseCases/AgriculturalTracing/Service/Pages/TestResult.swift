import PortalKit

/// A result of a testing agency about a lot.
public struct TestResult: Sendable, Equatable {
    let analyte: String
    let value: Double
    let unit: String
    let limit: Double?
    let method: String
    let laboratory: String
    let isCovered: Bool
    private(set) var recordURL: String?

    /// A result.
    /// - Parameters:
    ///   - value: in `unit`, like `limit`, which is the highest value allowed.
    ///   - isCovered: whether the agency's accreditation covered the method on the day of the test.
    ///   - recordURL: the statement's page in the explorer.
    public init(
        analyte: String, value: Double, unit: String, limit: Double?, method: String, laboratory: String,
        isCovered: Bool, recordURL: String?
    ) {
        self.analyte = analyte
        self.value = value
        self.unit = unit
        self.limit = limit
        self.method = method
        self.laboratory = laboratory
        self.isCovered = isCovered
        self.recordURL = recordURL
    }

    /// The result with the link to its record, or without it for a visitor who may not open it.
    public func linked(_ isShown: Bool) -> TestResult {
        var result = self
        if !isShown { result.recordURL = nil }
        return result
    }

    /// Whether the value is within its limit; a value without a limit cannot fail.
    var passes: Bool { limit.map { value <= $0 } ?? true }

    var mark: Table.Cell {
        if !passes { return .mark("Over the limit", .bad) }
        return isCovered ? .mark("Within the limit", .good) : .mark("Not covered", .neutral)
    }

    static func table(_ results: [TestResult]) -> Table {
        Table(
            caption: "Test results",
            columns: [
                .init("Tested for"), .init("Found", isNumeric: true), .init("Limit", isNumeric: true),
                .init("Result"), .init("Laboratory and method"),
            ],
            rows: results.map { result in
                let found = "\(figure(result.value)) \(result.unit)"
                return [
                    result.recordURL.map { .link(result.analyte, href: $0) } ?? .text(result.analyte),
                    .text(found), .text(result.limit.map { "\(figure($0)) \(result.unit)" } ?? "none"),
                    result.mark, .text("\(result.laboratory), \(result.method)"),
                ]
            },
            empty: .init("No test is recorded for this lot. Ask the shop for the farm's last report."))
    }
}
