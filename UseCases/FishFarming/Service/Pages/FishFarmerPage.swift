import PortalKit

/// The farmer's page, made for a phone: each pond in large figures with tonight's forecast and what to do; then what
/// can be done by hand; then money and consent.
public struct FishFarmerPage: PortalPage {
    public static let templateName = "fish/farmer"

    /// A pond as it is now.
    public struct Pond: Sendable, Equatable {
        let name: String
        let species: String
        let oxygen: Fact
        let more: [Fact]
        let suggestion: String
        let tasks: [TaskButton]
        let chart: LineChart
        let incidents: [[Table.Cell]]
        let nights: String
        let site: String?

        /// A pond; `incidents` are rows of when, what happened, what was done, how it ended.
        ///
        /// - Parameters:
        ///   - tasks: what is done every day, by pressing alone.
        ///   - nights: address of the page of its forecasts.
        ///   - site: the farm that it lies on, where there are several.
        public init(
            name: String, species: String, oxygen: Fact, more: [Fact], suggestion: String, tasks: [TaskButton],
            chart: LineChart, incidents: [[Table.Cell]], nights: String, site: String? = nil
        ) {
            self.tasks = tasks
            self.nights = nights
            self.site = site
            self.name = name
            self.species = species
            self.oxygen = oxygen
            self.more = more
            self.suggestion = suggestion
            self.chart = chart
            self.incidents = incidents
        }
    }

    let farm: String
    let ponds: [Pond]
    let urgent: [Form]
    let forms: [Form]
    let loans: [[Table.Cell]]
    let covers: [[Table.Cell]]
    let consents: [[Table.Cell]]
    let warnings: [[Table.Cell]]
    let batches: [[Table.Cell]]
    let contracts: [[Table.Cell]]
    let remark: String?

    /// A farm; `urgent` stands before all else, the rows are those of the tables below.
    public init(
        farm: String, ponds: [Pond], urgent: [Form] = [], forms: [Form], loans: [[Table.Cell]],
        covers: [[Table.Cell]], consents: [[Table.Cell]], warnings: [[Table.Cell]] = [], batches: [[Table.Cell]],
        contracts: [[Table.Cell]], remark: String? = nil
    ) {
        self.contracts = contracts
        self.warnings = warnings
        self.remark = remark
        self.urgent = urgent
        self.farm = farm
        self.ponds = ponds
        self.forms = forms
        self.loans = loans
        self.covers = covers
        self.consents = consents
        self.batches = batches
    }

    public var head: PageHead { PageHead(title: farm, isLive: true) }

    public struct View {
        let farm: String
        let ponds: [PondView]
        let urgent: [Form.View]
        let hasForms: Bool
        let forms: [Form.View]
        let loans: Table.View
        let covers: Table.View
        let consents: Table.View
        let warnings: Table.View
        let batches: Table.View
        let contracts: Table.View
        let remark: String?
    }

    struct PondView {
        let pondID: String
        let pondTitle: String
        let glance: [Fact.View]
        let wordsID: String
        let suggestion: String
        let tasks: [TaskButton.View]
        let chart: LineChart.View
        let incidents: Table.View
        let nightsLink: String
    }

    public func view() -> View {
        View(
            farm: farm,
            ponds: ponds.map { pond in
                PondView(
                    pondID: "pond-\(pond.name)",
                    pondTitle: "Pond \(pond.name), \(pond.species)" + (pond.site.map { ", \($0)" } ?? ""),
                    glance: ([pond.oxygen] + pond.more).map(\.view), wordsID: "words-\(pond.name)",
                    suggestion: pond.suggestion, tasks: pond.tasks.map(\.view),
                    chart: pond.chart.view,
                    incidents: Table(
                        caption: "What happened in \(pond.name)",
                        columns: [
                            .init("When"), .init("What happened"), .init("What was done"), .init("How it ended"),
                        ],
                        rows: pond.incidents,
                        empty: .init("Nothing happened yet. The gateway tells here what it did in an emergency.")
                    ).view, nightsLink: pond.nights)
            },
            urgent: urgent.map(\.view), hasForms: !forms.isEmpty, forms: forms.map(\.view), loans: loanTable.view,
            covers: coverTable.view,
            consents: consentTable.view, warnings: warningTable.view, batches: batchTable.view,
            contracts: contractTable.view, remark: remark)
    }

    private var warningTable: Table {
        Table(
            caption: "Warnings", columns: [.init("When"), .init("What"), .init("From"), .init("What to do")],
            rows: warnings,
            empty: .init("No warning. Say on which water your farm lies, and you are told of diseases in it."))
    }

    private var contractTable: Table {
        Table(
            caption: "Contracts", columns: [.init("With"), .init("Terms"), .init("You")], rows: contracts,
            empty: .init("Nobody offers terms yet. Nothing is collected before you sign."))
    }

    private var loanTable: Table {
        Table(
            caption: "Loans",
            columns: [
                .init("Loan"), .init("Lender"), .init("Amount", isNumeric: true), .init("Still owed", isNumeric: true),
                .init("State"),
            ],
            rows: loans, empty: .init("No loan yet. Apply with a purchase order that the seller has confirmed."))
    }

    private var coverTable: Table {
        Table(
            caption: "Insurance",
            columns: [
                .init("Cover"), .init("Insurer"), .init("Sum", isNumeric: true), .init("Paid", isNumeric: true),
                .init("State"),
            ],
            rows: covers, empty: .init("No cover yet. It pays by itself when oxygen stays below 2.0 mg/L for an hour."))
    }

    private var consentTable: Table {
        Table(
            caption: "Who may see what", columns: [.init("Who"), .init("What"), .init("Until")], rows: consents,
            empty: .init("Nobody sees your data. Choose below whom you show what."))
    }

    private var batchTable: Table {
        Table(
            caption: "Fish",
            columns: [
                .init("Batch"), .init("Species"), .init("Alive", isNumeric: true), .init("Weight", isNumeric: true),
                .init("Feed", isNumeric: true), .init("Fry"),
            ], rows: batches, empty: .init("No fish yet. Stocking a pond begins a batch."))
    }
}
