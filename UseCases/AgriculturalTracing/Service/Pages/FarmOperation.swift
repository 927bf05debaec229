import PortalKit

/// What a farmer records.
public enum FarmOperation: String, Sendable, CaseIterable {
    case sowing, fertilising, watering, harvest, packing, affixing, storing, recall

    var title: String {
        switch self {
        case .sowing: "Sow"
        case .fertilising: "Fertilise"
        case .watering: "Water"
        case .harvest: "Harvest"
        case .packing: "Pack boxes"
        case .affixing: "Confirm labels"
        case .storing: "Store boxes"
        case .recall: "Recall a lot"
        }
    }

    var sentence: String {
        switch self {
        case .sowing: "Seed lot and plot"
        case .fertilising: "Product and dose"
        case .watering: "Amount and plot"
        case .harvest: "Weight; makes a lot"
        case .packing: "Makes a code for each box"
        case .affixing: "The labels are on their boxes"
        case .storing: "The room they stand in"
        case .recall: "Stops every box of it at once"
        }
    }

    /// Drawing on the operation's button.
    var drawing: String {
        switch self {
        case .sowing: TimelineStep.Stage.seed.drawing
        case .fertilising: TimelineStep.Stage.growth.drawing
        case .watering: TimelineStep.Stage.watering.drawing
        case .harvest: TimelineStep.Stage.harvest.drawing
        case .packing: TimelineStep.Stage.packing.drawing
        case .affixing: CodeState.active.drawing
        case .storing: TimelineStep.Stage.storage.drawing
        case .recall: CodeState.recalled.drawing
        }
    }

    var submit: String {
        switch self {
        case .sowing: "Record the sowing"
        case .fertilising: "Record the fertilising"
        case .watering: "Record the watering"
        case .harvest: "Record the harvest"
        case .packing: "Pack and make codes"
        case .affixing: "Confirm"
        case .storing: "Record the room"
        case .recall: "Recall the lot"
        }
    }

    /// The fields that the form posts, by name:
    /// sowing `plot, seedLot, kilograms, date`; fertilising `plot, product, kilogramsPerHectare, date`;
    /// watering `plot, millimetres, date`; harvest `plot, kilograms, date`;
    /// packing `lot, boxes, gramsPerBox, unitsPerBox, useBy`; affixing `lot`; storing `lot, room`; recall `lot, reason`.
    func fields(places: [Form.Choice], today: String) -> [Form.Field] {
        let plot = Form.Field("plot", label: "Plot", kind: .choice(places))
        let lot = Form.Field("lot", label: "Lot", kind: .choice(places))
        let date = Form.Field("date", label: "Day", kind: .date, value: today)
        func amount(_ name: String, _ label: String, _ unit: String, step: String) -> Form.Field {
            Form.Field(name, label: label, kind: .number(unit: unit, step: step))
        }
        return switch self {
        case .sowing:
            [
                plot,
                Form.Field("seedLot", label: "Seed lot", kind: .text(maximumLength: 40), hint: "On the seed's bag."),
                amount("kilograms", "Amount", "kg", step: "0.001"), date,
            ]
        case .fertilising:
            [
                plot,
                Form.Field(
                    "product", label: "Product", kind: .text(maximumLength: 60),
                    hint: "As on the sack, for example “Kali 60”."),
                amount("kilogramsPerHectare", "Dose", "kg/ha", step: "0.1"), date,
            ]
        case .watering:
            [plot, amount("millimetres", "Amount", "mm", step: "0.1"), date]
        case .harvest:
            [plot, amount("kilograms", "Weight", "kg", step: "0.1"), date]
        case .packing:
            [
                lot, amount("boxes", "Boxes", "boxes", step: "1"),
                amount("gramsPerBox", "Weight of a box", "g", step: "1"),
                Form.Field(
                    "unitsPerBox", label: "Units in a box", kind: .number(unit: "units", step: "1"),
                    hint: "How many can be sold from it one by one.", value: "1"),
                Form.Field("useBy", label: "Use by", kind: .date),
            ]
        case .affixing:
            [
                Form.Field(
                    "lot", label: "Lot", kind: .choice(places),
                    hint: "Every printed label of it is on its box. A label that is not confirmed cannot be sold.")
            ]
        case .storing:
            [
                lot,
                Form.Field(
                    "room", label: "Room", kind: .text(maximumLength: 60),
                    hint: "As on its door. What its sensors measure while the boxes are in it is theirs."),
            ]
        case .recall:
            [
                lot,
                Form.Field(
                    "reason", label: "Reason", kind: .text(maximumLength: 200),
                    hint: "Consumers read it on the box's page. A recall cannot be taken back."),
            ]
        }
    }
}

/// The form in which a farmer records one operation.
public struct FarmOperationPage: PortalPage {
    public static let templateName = "agriculture/entry"

    let operation: FarmOperation
    let form: Form
    let back: Site.Link

    /// The form of an operation.
    /// - Parameters:
    ///   - places: plots to choose from, or lots from packing on; the first is chosen already.
    ///   - action: where the form is posted.
    ///   - today: ISO date the form starts with.
    ///   - problem: why the last attempt was refused, or nil.
    public init(
        operation: FarmOperation, places: [Form.Choice], action: String, today: Day, csrfToken: String,
        farmURL: String, problem: String? = nil
    ) {
        self.operation = operation
        self.form = Form(
            id: operation.rawValue, title: operation.title, action: action,
            fields: operation.fields(places: places, today: today.iso), submit: operation.submit,
            csrfToken: csrfToken, problem: problem)
        self.back = Site.Link(title: "Back to the farm", href: farmURL)
    }

    public var head: PageHead { PageHead(title: operation.title, width: .reading) }

    public func view() -> EntryView { EntryView(form: form, back: back, facts: []) }
}

/// What `agriculture/entry` is filled with: one form, what is known already, and the way back.
public struct EntryView {
    let form: Form.View
    let facts: [Fact.View]
    let hasFacts: Bool
    let backTitle: String
    let backLink: String

    init(form: Form, back: Site.Link, facts: [Fact]) {
        self.form = form.view
        self.facts = facts.map(\.view)
        hasFacts = !facts.isEmpty
        backTitle = back.title
        backLink = back.href
    }
}
