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
    /// The signed report, and how what lies at this node compares with its hash.
    let report: (href: String, state: BoxRecord.Picture.State)?

    public static func == (one: TestResult, other: TestResult) -> Bool {
        one.analyte == other.analyte && one.value == other.value && one.unit == other.unit && one.limit == other.limit
            && one.method == other.method && one.laboratory == other.laboratory && one.isCovered == other.isCovered
            && one.recordURL == other.recordURL && one.report?.href == other.report?.href
            && one.report?.state == other.report?.state
    }

    /// A result.
    /// - Parameters:
    ///   - value: in `unit`, like `limit`, which is the highest value allowed.
    ///   - isCovered: whether the agency's accreditation covered the method on the day of the test.
    ///   - recordURL: the statement's page in the explorer.
    public init(
        analyte: String, value: Double, unit: String, limit: Double?, method: String, laboratory: String,
        isCovered: Bool, recordURL: String?, report: (href: String, state: BoxRecord.Picture.State)? = nil
    ) {
        self.analyte = analyte
        self.value = value
        self.unit = unit
        self.limit = limit
        self.method = method
        self.laboratory = laboratory
        self.isCovered = isCovered
        self.recordURL = recordURL
        self.report = report
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

    private var reportCell: Table.Cell {
        switch report?.state {
        case .matches: .link("The signed report", href: report?.href ?? "")
        case .altered: .mark("Does not match its hash", .bad)
        case .absent, nil: .text("at the laboratory")
        }
    }

    static func table(_ results: [TestResult]) -> Table {
        Table(
            caption: "Test results",
            columns: [
                .init("Tested for"), .init("Found", isNumeric: true), .init("Limit", isNumeric: true),
                .init("Result"), .init("Laboratory and method"), .init("Report"),
            ],
            rows: results.map { result in
                let found = "\(figure(result.value)) \(result.unit)"
                return [
                    result.recordURL.map { .link(result.analyte, href: $0) } ?? .text(result.analyte),
                    .text(found), .text(result.limit.map { "\(figure($0)) \(result.unit)" } ?? "none"),
                    result.mark, .text("\(result.laboratory), \(result.method)"), result.reportCell,
                ]
            },
            empty: .init("No test is recorded for this lot. Ask the shop for the farm's last report."))
    }
}
