import PortalKit

extension BoxPage {
    public struct View {
        let banner: StatusBanner.View
        let code: String
        let qr: String
        let record: RecordView?
    }

    struct RecordView {
        let product: String
        let subtitle: String
        let glance: [Fact.View]
        let verify: VerifyPanel.View?
        let trustKey: [TrustMark.View]
        let entries: [EntryView]
        let completenessText: String
        let completenessPercent: Int
        let results: Table.View
        let transport: [LineChart.View]
        let growing: [LineChart.View]
        let hasTransport: Bool
        let hasGrowing: Bool
        let certificates: Table.View?
        let hasPictures: Bool
        let pictures: [PictureView]
        let statement: StatementView?
        let recordLink: String?
        let reportProblemLink: String?
    }

    /// A line of the product's way: a step, or a gap between two.
    struct EntryView {
        let step: TimelineStep.View?
        let gap: GapView?
    }

    struct PictureView {
        let pictureLink: String
        let isImage: Bool
        let caption: String
        let takenBy: String
        let stateWords: String
        let stateTone: String
        let editedWords: String?
    }

    struct StatementView {
        let brandWords: String
        let brandOwner: String
    }

    struct GapView {
        let gapTitle: String
        let gapSentence: String
    }

    public func view() -> View {
        // A link that no symbol can hold leaves the symbol out; the printed code beside it is enough to go on.
        let symbol = try? QRCode(digitalLink)
        return View(
            banner: verdict.banner.view, code: code.printed,
            qr: symbol?.svg(title: "QR symbol of \(code.printed)") ?? "", record: record.map(Self.recordView))
    }

    private static func recordView(_ record: BoxRecord) -> RecordView {
        let missing = record.gaps.count
        let gapWords =
            switch missing {
            case 0: "no gap found"
            case 1: "one gap, named below"
            default: "\(missing) gaps, named below"
            }
        return RecordView(
            product: record.product, subtitle: record.subtitle, glance: glance(record).map(\.view),
            verify: record.verify?.view, trustKey: TrustMark.allCases.map(\.view), entries: entries(record),
            completenessText: "\(record.completeness) % of the expected steps are recorded; \(gapWords)",
            completenessPercent: min(max(record.completeness, 0), 100), results: TestResult.table(record.results).view,
            transport: record.transport.map(\.view), growing: record.growing.map(\.view),
            hasTransport: !record.transport.isEmpty, hasGrowing: !record.growing.isEmpty,
            certificates: record.certificates.isEmpty ? nil : certificates(record.certificates).view,
            hasPictures: !record.pictures.isEmpty, pictures: record.pictures.map(picture),
            statement: record.statement.map { StatementView(brandWords: $0.words, brandOwner: $0.by) },
            recordLink: record.recordURL, reportProblemLink: record.reportProblemURL)
    }

    private static func certificates(_ certificates: [BoxRecord.Certificate]) -> Table {
        Table(
            caption: "Certificates",
            columns: [.init("Scheme"), .init("For"), .init("From"), .init("When it was packed")],
            rows: certificates.map { item in
                let mark: Table.Cell =
                    switch item.standing {
                    case .held: .mark("Valid, until \(item.until.text)", .good)
                    case .withdrawnSince: .mark("Valid then, withdrawn since", .neutral)
                    case .notHeld: .mark("Not valid", .bad)
                    }
                return [
                    .text("\(item.scheme), \(item.number)"), .text("\(item.holder): \(item.scope)"), .text(item.by),
                    mark,
                ]
            }, empty: .init(""))
    }

    private static func picture(_ picture: BoxRecord.Picture) -> PictureView {
        let (words, tone) =
            switch picture.state {
            case .matches: ("Matches the hash that was signed", "good")
            case .altered: ("Does not match: this is not what was signed", "bad")
            case .absent: ("Its hash is on the ledger; the file is not at this node", "neutral")
            }
        return PictureView(
            pictureLink: picture.href, isImage: picture.isImage && picture.state == .matches, caption: picture.caption,
            takenBy: "\(picture.by), \(picture.taken.text)", stateWords: words, stateTone: tone,
            editedWords: picture.isEdited
                ? "Parts were blurred before it was published; the hash of the original is signed, too." : nil)
    }

    /// The answers that fit into five seconds.
    private static func glance(_ record: BoxRecord) -> [Fact] {
        var facts = [Fact("From", record.origin)]
        if let harvested = record.harvested { facts.append(Fact("Harvested", harvested.text)) }
        if let packed = record.packed { facts.append(Fact("Packed", packed.text)) }
        if let useBy = record.useBy { facts.append(Fact("Use by", useBy.text)) }
        facts.append(
            record.tests.map {
                Fact("Tests", "\($0.passed) of \($0.total) passed", note: $0.laboratory)
            } ?? Fact("Tests", "none recorded"))
        facts.append(
            record.temperature.map { temperature in
                let note =
                    temperature.minutesAbove > 0
                    ? "\(temperature.minutesAbove) min above the limit of \(figure(temperature.limit)) °C"
                    : "never above the limit of \(figure(temperature.limit)) °C"
                let highest = "\(figure(temperature.highest)) °C"
                return Fact(
                    "On the way", temperature.lowest.map { "\(figure($0)) to \(highest)" } ?? "at most \(highest)",
                    note: note)
            } ?? Fact("On the way", "no temperature recorded"))
        return facts
    }

    private static func entries(_ record: BoxRecord) -> [EntryView] {
        func gaps(after index: Int) -> [EntryView] {
            record.gaps.filter { $0.afterStep == index }.map {
                EntryView(step: nil, gap: GapView(gapTitle: $0.title, gapSentence: $0.sentence))
            }
        }
        return gaps(after: -1)
            + record.steps.enumerated().flatMap { index, step in
                [EntryView(step: step.view, gap: nil)] + gaps(after: index)
            }
    }
}
