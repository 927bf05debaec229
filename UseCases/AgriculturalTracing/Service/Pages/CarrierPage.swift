import PortalKit

/// The carrier's page: what to pick up, what is on the way, what was handed over.
public struct CarrierPage: PortalPage {
    public static let templateName = "agriculture/carrier"

    /// Boxes that wait to be picked up.
    public struct Waiting: Sendable, Equatable {
        let lot: String
        let product: String
        let boxes: Int
        let place: String

        /// Boxes of a lot that wait at a place.
        public init(lot: String, product: String, boxes: Int, place: String) {
            self.lot = lot
            self.product = product
            self.boxes = boxes
            self.place = place
        }
    }

    /// A leg: boxes between two places in one vehicle.
    public struct Leg: Sendable, Equatable {
        let shipment: String
        let from: String
        let to: String
        let boxes: Int
        let departed: Moment
        let arrived: Moment?
        let minutesAboveLimit: Int
        let href: String?

        /// A leg; `minutesAboveLimit` as the contract counted them from the vehicle's own probe.
        public init(
            shipment: String, from: String, to: String, boxes: Int, departed: Moment, arrived: Moment?,
            minutesAboveLimit: Int, href: String?
        ) {
            self.shipment = shipment
            self.from = from
            self.to = to
            self.boxes = boxes
            self.departed = departed
            self.arrived = arrived
            self.minutesAboveLimit = minutesAboveLimit
            self.href = href
        }
    }

    let carrier: String
    let waiting: [Waiting]
    let legs: [Leg]
    let temperature: LineChart?
    let forms: [Form]
    let sent: [SentRecord]
    let notice: Notice?

    /// A carrier's page; `forms` are those that have something to do, made by
    /// ``shipForm(lots:destinations:action:csrfToken:problem:)`` and
    /// ``deliverForm(shipments:highest:minutesAbove:action:csrfToken:problem:)``.
    public init(
        carrier: String, waiting: [Waiting], legs: [Leg], temperature: LineChart?, forms: [Form],
        sent: [SentRecord], notice: Notice? = nil
    ) {
        self.carrier = carrier
        self.waiting = waiting
        self.legs = legs
        self.temperature = temperature
        self.forms = forms
        self.sent = sent
        self.notice = notice
    }

    /// Posts `lot, boxes, vehicle, destination`.
    public static func shipForm(
        lots: [Form.Choice], destinations: [Form.Choice], action: String, csrfToken: String,
        problem: String? = nil
    ) -> Form {
        Form(
            id: "ship", title: "Take boxes over", action: action,
            fields: [
                Form.Field("lot", label: "Lot", kind: .choice(lots)),
                Form.Field(
                    "boxes", label: "Boxes counted", kind: .number(unit: "boxes", step: "1"),
                    hint: "Count them yourself. The sender's number stays beside yours."),
                Form.Field("destination", label: "To", kind: .choice(destinations)),
            ],
            submit: "Sign for the boxes", csrfToken: csrfToken, problem: problem)
    }

    /// Posts `shipment, highest, minutesAbove`. The two numbers start as the vehicle's own probe has them, in °C and
    /// in minutes above the limit; empty when it sent none.
    public static func deliverForm(
        shipments: [Form.Choice], highest: String = "", minutesAbove: String = "",
        action: String, csrfToken: String, problem: String? = nil
    ) -> Form {
        Form(
            id: "deliver", title: "Hand boxes over", action: action,
            fields: [
                Form.Field("shipment", label: "Shipment", kind: .choice(shipments)),
                Form.Field(
                    "highest", label: "Highest temperature", kind: .number(unit: "°C", step: "0.01"),
                    value: highest),
                Form.Field(
                    "minutesAbove", label: "Time above the limit", kind: .number(unit: "min", step: "1"),
                    hint: "As the probe in the vehicle has it; its readings are on the ledger too.",
                    value: minutesAbove),
            ],
            submit: "Record the hand-over", csrfToken: csrfToken, problem: problem)
    }

    public var head: PageHead { PageHead(title: carrier, isLive: true) }

    public struct View {
        let carrier: String
        let notice: Notice.View?
        let waiting: Table.View
        let legs: Table.View
        let temperature: LineChart.View?
        let forms: [Form.View]
        let sent: Table.View
    }

    public func view() -> View {
        View(
            carrier: carrier, notice: notice?.view, waiting: waitingTable.view, legs: legTable.view,
            temperature: temperature?.view, forms: forms.map(\.view),
            sent: SentRecord.table(sent).view)
    }

    private var waitingTable: Table {
        Table(
            caption: "To pick up",
            columns: [.init("Lot"), .init("Product"), .init("Boxes", isNumeric: true), .init("At")],
            rows: waiting.map { [.text($0.lot), .text($0.product), .text("\($0.boxes)"), .text($0.place)] },
            empty: .init("Nothing to pick up. Boxes appear here when a farm has packed them."))
    }

    private var legTable: Table {
        Table(
            caption: "Legs",
            columns: [
                .init("Shipment"), .init("From"), .init("To"), .init("Boxes", isNumeric: true),
                .init("Left"), .init("Arrived"), .init("Cold chain"),
            ],
            rows: legs.map { leg in
                [
                    leg.href.map { .link(leg.shipment, href: $0) } ?? .text(leg.shipment), .text(leg.from),
                    .text(leg.to), .text("\(leg.boxes)"), .time(leg.departed),
                    leg.arrived.map { .time($0) } ?? .mark("On the way", .neutral),
                    leg.minutesAboveLimit > 0
                        ? .mark("\(leg.minutesAboveLimit) min above the limit", .bad)
                        : .mark("Kept", .good),
                ]
            },
            empty: .init("No leg yet. Signing for boxes starts one."))
    }
}
