import APIKit
import FishFarmingContract
import PortalKit
import UseCaseKit

// What the farmer stated of a batch beside what other sources say. A contradiction is for the farmer alone until it was
// corrected, or could have been.

extension BatchRoutes {
    private func compared(_ id: String) throws -> [(number: UInt64, report: ReportRecord)] {
        try platform.state.scan(Fish.reports, prefix: "\(id)/", limit: Self.limit).compactMap { key, report in
            UInt64(key.dropFirst(id.count + 1)).map { ($0, report) }
        }
    }

    private static func amount(_ value: UInt64, _ kind: ReportRecord.Kind) -> String {
        kind == .feed ? "\(figure(Double(value) / 1000)) kg" : "\(value) fish"
    }

    private static func title(_ kind: ReportRecord.Kind) -> String {
        switch kind {
        case .fry: "Fry"
        case .feed: "Feed by word"
        case .deaths: "Deaths"
        }
    }

    private static func mark(_ verdict: ReportRecord.Verdict) -> Table.Cell {
        switch verdict {
        case .confirmed: .mark("confirmed", .good)
        case .plausible: .mark("plausible", .neutral)
        case .contradicted: .mark("contradicted", .bad)
        }
    }

    /// The latest losses that are more than what dies every day, each with what the data show.
    func causes(
        _ id: String, _ batch: BatchRecord, _ classes: Set<String>, _ lines: [Line], _ session: Session
    ) throws -> Table {
        let look = LossLook(platform: platform, session: session)
        let losses = lines.compactMap { line -> (time: UInt64, dead: UInt64)? in
            guard line.record.operation == "recordMortality",
                let dead = line.statement.operation.arguments[text: "count"]?.unsigned,
                dead >= max(Self.everyday, batch.count / 100)
            else { return nil }
            return (line.record.time, dead)
        }
        return Table(
            caption: "Losses, and what the data show",
            columns: [
                .init("When"), .init("Dead fish", isNumeric: true), .init("Cause by the data"), .init("Why"),
                .init("Records"),
            ],
            rows: try losses.suffix(Self.shownLosses).map { time, dead in
                let loss = LossLook.Loss(batch: id, record: batch, time: time)
                let finding = try look.finding(loss, classes: classes)
                return [
                    .time(FishWork.moment(time)), .text("\(dead)"), LossLook.mark(finding),
                    .text(finding.reasons.joined(separator: "; ")),
                    .link("Evidence", href: try look.grounds(loss).href),
                ]
            }, empty: .init("No loss. A few dead fish are told below and are not looked into."))
    }

    /// Deaths below this, or below a hundredth of the batch, are no loss to explain.
    private static let everyday: UInt64 = 10
    private static let shownLosses = 5

    func reports(_ id: String, _ batch: BatchRecord, _ classes: Set<String>, _ session: Session) throws -> Table {
        let isOwn = batch.owner == session.participant
        let reports = try compared(id).map(\.report).filter { report in
            let kind = report.kind == .feed ? DataClass.feed : .fry
            return isOwn || report.shownAt <= platform.now && classes.contains(kind.rawValue)
        }
        return Table(
            caption: "What was stated, and what others say",
            columns: [
                .init("When"), .init("Report"), .init("Stated", isNumeric: true),
                .init("Other source", isNumeric: true),
                .init("Verdict"), .init("Others see it"),
            ],
            rows: reports.suffix(Self.shown).map { report in
                let before = report.before.map { ", before \(Self.amount($0, report.kind))" } ?? ""
                return [
                    .time(FishWork.moment(report.at)), .text(Self.title(report.kind)),
                    .text(Self.amount(report.stated, report.kind) + before),
                    .text(report.found.map { Self.amount($0, report.kind) } ?? "none"), Self.mark(report.verdict),
                    report.shownAt <= platform.now ? .text("yes") : .time(FishWork.moment(report.shownAt)),
                ]
            }, empty: .init("Nothing was compared yet."))
    }

    func corrections(_ id: String, _ session: Session) throws -> [Form] {
        let open = try compared(id).filter {
            $0.report.verdict == .contradicted && $0.report.before == nil && platform.now < $0.report.shownAt
        }
        guard !open.isEmpty else { return [] }
        let choices = open.map { number, report in
            Form.Choice("\(number)", "\(Self.title(report.kind)), \(Self.amount(report.stated, report.kind))")
        }
        return [
            Form(
                id: "correct", title: "Correct a report", action: "/fish/batch",
                fields: [
                    .init("report", label: "Report", kind: .choice(choices)),
                    .init(
                        "value", label: "It was", kind: .number(unit: "fish or g", step: "1"),
                        hint: "Nobody else sees the contradiction until you corrected it, or three days have passed."),
                ], fixed: [.init("batch", id), .init("do", "correct")], submit: "Correct", csrfToken: session.formToken)
        ]
    }
}
