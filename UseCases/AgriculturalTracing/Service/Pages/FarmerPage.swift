import PortalKit

/// The farmer's first page: large buttons for what is done every day, then plots, lots and what was sent.
public struct FarmerPage: PortalPage {
    public static let templateName = "agriculture/farmer"

    /// A plot and what was done on it last.
    public struct Plot: Sendable, Equatable {
        let name: String
        let crop: String
        let lastOperation: String
        let lastTime: Moment?
        let href: String?

        /// A plot; `lastOperation` in words such as "fertilised", `href` to its history.
        public init(name: String, crop: String, lastOperation: String, lastTime: Moment?, href: String?) {
            self.name = name
            self.crop = crop
            self.lastOperation = lastOperation
            self.lastTime = lastTime
            self.href = href
        }
    }

    /// A harvested lot.
    public struct Lot: Sendable, Equatable {
        let id: String
        let product: String
        let harvested: Moment
        let kilograms: Double
        let boxes: Int
        let state: CodeState
        let href: String
        let labels: String

        /// A lot: what was weighed at harvest, and how many boxes it filled so far.
        public init(
            id: String, product: String, harvested: Moment, kilograms: Double, boxes: Int, state: CodeState,
            href: String,
            labels: String
        ) {
            self.id = id
            self.product = product
            self.harvested = harvested
            self.kilograms = kilograms
            self.boxes = boxes
            self.state = state
            self.href = href
            self.labels = labels
        }
    }

    let farm: String
    let scoreURL: String
    let operationURL: String
    let plots: [Plot]
    let lots: [Lot]
    let sent: [SentRecord]
    let notice: Notice?

    /// A farm's page; the form of an operation is at `operationURL` + its name.
    public init(
        farm: String, scoreURL: String, operationURL: String, plots: [Plot], lots: [Lot], sent: [SentRecord],
        notice: Notice? = nil
    ) {
        self.farm = farm
        self.scoreURL = scoreURL
        self.operationURL = operationURL
        self.plots = plots
        self.lots = lots
        self.sent = sent
        self.notice = notice
    }

    public var head: PageHead { PageHead(title: farm, isLive: true) }

    public struct View {
        let farm: String
        let notice: Notice.View?
        let tiles: [TileView]
        let plots: Table.View
        let lots: Table.View
        let sent: Table.View
        let scoreLink: String
    }

    struct TileView {
        let tileTitle: String
        let tileSentence: String
        let tileLink: String
        let tileSymbol: String
    }

    public func view() -> View {
        View(
            farm: farm, notice: notice?.view,
            tiles: FarmOperation.allCases.map { operation in
                TileView(
                    tileTitle: operation.title, tileSentence: operation.sentence,
                    tileLink: operationURL + operation.rawValue, tileSymbol: operation.drawing)
            },
            plots: plotTable.view, lots: lotTable.view, sent: SentRecord.table(sent).view, scoreLink: scoreURL)
    }

    private var plotTable: Table {
        Table(
            caption: "Plots", columns: [.init("Plot"), .init("Crop"), .init("Last done"), .init("When")],
            rows: plots.map { plot in
                [
                    plot.href.map { .link(plot.name, href: $0) } ?? .text(plot.name), .text(plot.crop),
                    .text(plot.lastOperation), plot.lastTime.map { .time($0) } ?? .text("never"),
                ]
            },
            empty: .init(
                "No plot yet. Sowing names the first one.", action: "Record a sowing",
                href: operationURL + FarmOperation.sowing.rawValue))
    }

    private var lotTable: Table {
        Table(
            caption: "Harvested lots",
            columns: [
                .init("Lot"), .init("Product"), .init("Harvested"), .init("Weight", isNumeric: true),
                .init("Boxes", isNumeric: true), .init("State"), .init("To print"),
            ],
            rows: lots.map {
                [
                    .link($0.id, href: $0.href), .text($0.product), .time($0.harvested),
                    .text("\(figure($0.kilograms)) kg"), .text("\($0.boxes)"), .state($0.state),
                    .link("Labels", href: $0.labels),
                ]
            },
            empty: .init(
                "No lot yet. Each harvest makes one.", action: "Record a harvest",
                href: operationURL + FarmOperation.harvest.rawValue))
    }
}
