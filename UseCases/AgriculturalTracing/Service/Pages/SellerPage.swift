import PortalKit

/// The seller's page: what arrives, what is on the shelf, what runs out, and the till.
public struct SellerPage: PortalPage {
    public static let templateName = "agriculture/seller"

    /// A delivery on its way to the shop.
    public struct Incoming: Sendable, Equatable {
        let shipment: String
        let product: String
        let boxes: Int
        let carrier: String

        /// A delivery that was announced.
        public init(shipment: String, product: String, boxes: Int, carrier: String) {
            self.shipment = shipment
            self.product = product
            self.boxes = boxes
            self.carrier = carrier
        }
    }

    /// A box in the shop.
    public struct ShelfBox: Sendable, Equatable {
        let code: BoxCode
        let product: String
        let useBy: Day
        let daysLeft: Int
        let state: CodeState

        /// A box; `daysLeft` counts from today to the use-by date and is negative after it.
        public init(code: BoxCode, product: String, useBy: Day, daysLeft: Int, state: CodeState) {
            self.code = code
            self.product = product
            self.useBy = useBy
            self.daysLeft = daysLeft
            self.state = state
        }
    }

    /// Days within which a box counts as expiring soon.
    public static let expiringWithinDays = 3

    let shop: String
    let incoming: [Incoming]
    let shelf: [ShelfBox]
    let forms: [Form]
    let sent: [SentRecord]
    let notice: Notice?

    /// A shop's page; `forms` are those that have something to do, in the order of work:
    /// ``receiveForm(shipments:action:csrfToken:problem:)``, ``offerForm(boxes:action:csrfToken:problem:)``,
    /// ``sellForm(action:csrfToken:problem:)``, ``wasteForm(action:csrfToken:problem:)``.
    public init(
        shop: String, incoming: [Incoming], shelf: [ShelfBox], forms: [Form], sent: [SentRecord],
        notice: Notice? = nil
    ) {
        self.shop = shop
        self.incoming = incoming
        self.shelf = shelf
        self.forms = forms
        self.sent = sent
        self.notice = notice
    }

    /// Posts `shipment, missing, temperature`; `missing` holds printed codes or links, separated by spaces, and is often empty.
    public static func receiveForm(
        shipments: [Form.Choice], action: String, csrfToken: String,
        problem: String? = nil
    ) -> Form {
        Form(
            id: "receive", title: "Receive boxes", action: action,
            fields: [
                Form.Field("shipment", label: "Shipment", kind: .choice(shipments)),
                Form.Field(
                    "missing", label: "Boxes that did not arrive", kind: .text(maximumLength: 4000),
                    hint: "Scan their codes from the list. They stay open and are named with the carrier.",
                    isRequired: false),
                Form.Field(
                    "temperature", label: "Temperature measured in a box", kind: .number(unit: "°C", step: "0.1"),
                    hint: "It stands beside what the carrier tells.", isRequired: false),
            ],
            submit: "Sign for the boxes", csrfToken: csrfToken, problem: problem)
    }

    /// Posts `code`, the path of a box that was received.
    public static func offerForm(
        boxes: [Form.Choice], action: String, csrfToken: String,
        problem: String? = nil
    ) -> Form {
        Form(
            id: "offer", title: "Put a box on the shelf", action: action,
            fields: [Form.Field("code", label: "Box", kind: .choice(boxes))], submit: "Put on the shelf",
            csrfToken: csrfToken, problem: problem)
    }

    /// Posts `code`, the path of a box that the shop has, and `kilograms`.
    public static func weighForm(
        boxes: [Form.Choice], action: String, csrfToken: String, problem: String? = nil
    ) -> Form {
        Form(
            id: "weigh", title: "Weigh a box again", action: action,
            fields: [
                Form.Field("code", label: "Box", kind: .choice(boxes)),
                Form.Field(
                    "kilograms", label: "Weight", kind: .number(unit: "kg", step: "0.001"),
                    hint: "It stands beside the packer's; neither is overwritten."),
            ], submit: "Record the weight", csrfToken: csrfToken, problem: problem)
    }

    /// Posts `lot`, one that is recalled and not answered for.
    public static func setAsideForm(
        lots: [Form.Choice], action: String, csrfToken: String, problem: String? = nil
    ) -> Form {
        Form(
            id: "set-aside", title: "A recall waits for your answer", action: action,
            fields: [
                Form.Field(
                    "lot", label: "Recalled lot", kind: .choice(lots),
                    hint: "Take every box of it off the shelf first. Your answer names them.")
            ], submit: "All are set aside", csrfToken: csrfToken, problem: problem)
    }

    /// Posts `code` (a GS1 Digital Link or the printed code), `units` and `reason`.
    public static func takeBackForm(action: String, csrfToken: String, problem: String? = nil) -> Form {
        Form(
            id: "take-back", title: "Take units back", action: action,
            fields: [
                Form.Field("code", label: "Code on the box", kind: .text(maximumLength: 200)),
                Form.Field("units", label: "Units", kind: .number(unit: "units", step: "1"), value: "1"),
                Form.Field("reason", label: "Why", kind: .text(maximumLength: 100)),
            ],
            submit: "Back on the shelf", csrfToken: csrfToken, problem: problem)
    }

    /// Posts `code` (a GS1 Digital Link or the printed code), `units` and `reason`.
    public static func wasteForm(action: String, csrfToken: String, problem: String? = nil) -> Form {
        Form(
            id: "waste", title: "Throw away", action: action,
            fields: [
                Form.Field("code", label: "Code on the box", kind: .text(maximumLength: 200)),
                Form.Field("units", label: "Units", kind: .number(unit: "units", step: "1"), value: "1"),
                Form.Field("reason", label: "Why", kind: .text(maximumLength: 100)),
            ],
            submit: "Record as waste", csrfToken: csrfToken, problem: problem)
    }

    /// Posts `code` (a GS1 Digital Link or the printed code) and `units`.
    public static func sellForm(action: String, csrfToken: String, problem: String? = nil) -> Form {
        Form(
            id: "sell", title: "Sell a box", action: action,
            fields: [
                Form.Field(
                    "code", label: "Code on the box", kind: .text(maximumLength: 200),
                    hint: "Scan it. A box that is out of date, recalled or on hold is refused."),
                Form.Field("units", label: "Units", kind: .number(unit: "units", step: "1"), value: "1"),
            ],
            submit: "Sell", csrfToken: csrfToken, problem: problem)
    }

    public var head: PageHead { PageHead(title: shop, isLive: true) }

    public struct View {
        let shop: String
        let notice: Notice.View?
        let forms: [Form.View]
        let incoming: Table.View
        let expiring: Table.View
        let shelf: Table.View
        let sent: Table.View
    }

    public func view() -> View {
        let soon = shelf.filter { $0.state == .active && $0.daysLeft <= Self.expiringWithinDays }
        return View(
            shop: shop, notice: notice?.view, forms: forms.map(\.view),
            incoming: incomingTable.view,
            expiring: shelfTable(
                "Expires within \(Self.expiringWithinDays) days", soon,
                empty: "Nothing expires within \(Self.expiringWithinDays) days."
            ).view,
            shelf: shelfTable(
                "On the shelf", shelf,
                empty: "The shelf is empty. Sign for a delivery to fill it."
            ).view,
            sent: SentRecord.table(sent).view)
    }

    private var incomingTable: Table {
        Table(
            caption: "On the way to you",
            columns: [.init("Shipment"), .init("Product"), .init("Boxes", isNumeric: true), .init("Carrier")],
            rows: incoming.map { [.text($0.shipment), .text($0.product), .text("\($0.boxes)"), .text($0.carrier)] },
            empty: .init("Nothing is on the way. Deliveries appear when a carrier has signed for boxes to you."))
    }

    private func shelfTable(_ caption: String, _ boxes: [ShelfBox], empty: String) -> Table {
        Table(
            caption: caption,
            columns: [
                .init("Box"), .init("Product"), .init("Use by"), .init("Days left", isNumeric: true),
                .init("State"),
            ],
            rows: boxes.map {
                [
                    .link("\($0.code.lot) · \($0.code.serial)", href: $0.code.path), .text($0.product),
                    .text($0.useBy.text), .text($0.daysLeft < 0 ? "past" : "\($0.daysLeft)"), .state($0.state),
                ]
            },
            empty: .init(empty))
    }
}
