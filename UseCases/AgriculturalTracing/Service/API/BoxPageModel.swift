import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// Turns what the ledger holds about a box into the consumer's page.
struct BoxPageModel {
    let trace: BoxTrace
    let platform: Platform
    /// Of the visitor; who is signed in may open the records behind the page, and sees the readings that were shared.
    let session: Session?

    private var isSignedIn: Bool { session != nil }
    private var ledger: String { platform.node.ledger.hex }

    static func unknown(_ code: ProductCodePage, address: String) -> BoxPage {
        BoxPage(code: code, verdict: .unknown, digitalLink: address + code.path, record: nil)
    }

    typealias ProductCodePage = BoxCode

    func page() throws -> BoxPage {
        let code = ProductCodePage(gtin: trace.code.gtin, lot: trace.code.lot, serial: trace.code.serial)
        return BoxPage(
            code: code, verdict: verdict, digitalLink: platform.address + code.path, record: try record())
    }

    /// active, expired, sold, recalled, held or unused.
    var state: String { verdict.state.rawValue }

    // MARK: Verdict

    private var verdict: BoxVerdict {
        if let reason = trace.lot.recall {
            let recall = trace.records.last { $0.record.operation == "recall" }?.record
            return .recalled(
                reason: reason.hasSuffix(".") ? reason : reason + ".",
                by: platform.name(of: recall?.issuer ?? trace.lot.owner), since: moment(recall?.time ?? 0))
        }
        if let (name, origin) = trace.ancestors.first(where: { $0.lot.recall != nil }) {
            let recall = trace.records.last {
                $0.statement.operation.arguments["lot"]?.text == name && $0.record.operation == "recall"
            }
            return .recalled(
                reason: "The lot \(name) is in it: \(origin.recall ?? "").",
                by: platform.name(of: recall?.record.issuer ?? origin.owner), since: moment(recall?.record.time ?? 0))
        }
        if let new = trace.used.replacedBy, let code = try? ProductCode(path: new) {
            return .replaced(by: ProductCodePage(gtin: code.gtin, lot: code.lot, serial: code.serial))
        }
        guard let box = trace.box else {
            let sale = trace.records.last { ["sell", "waste"].contains($0.record.operation) }?.record
            return .sold(at: moment(sale?.time ?? 0), by: platform.name(of: sale?.issuer ?? ""))
        }
        if box.stage == .expired || box.expiresAt <= platform.now { return .expired(useBy: useBy(box)) }
        if let report = trace.lot.failedTest {
            return .held(reason: "A test of this lot found a value over its limit (report \(report)).")
        }
        if let (name, origin) = trace.ancestors.first(where: { $0.lot.failedTest != nil }) {
            return .held(
                reason:
                    "A test of the lot \(name) in it found a value over its limit (report \(origin.failedTest ?? "")).")
        }
        return box.stage == .commissioned ? .unused : .active(useBy: useBy(box))
    }

    /// The last day on which the box is in date.
    private func useBy(_ box: Box) -> Day {
        guard let date = try? ExpiryDate(yymmdd: box.expiry, currentYear: ExpiryDate.year(at: box.expiresAt)) else {
            return moment(box.expiresAt).day
        }
        // The end of the day at UTC lies 24 hours after its start, whatever the product's zone.
        return moment(UInt64(max(0, date.end(utcOffset: 0) - 86_400_000))).day
    }

    // MARK: Record

    private func record() throws -> BoxRecord {
        let steps = try self.steps()
        let measured = try temperatures()
        let (gaps, completeness) = gaps(steps)
        return BoxRecord(
            product: trace.lot.product ?? trace.plot?.crop ?? "Product",
            subtitle: (try brand.map { "\($0.name) · " } ?? "")
                + (trace.box.map { "\(Double($0.grams) / 1000) kg, \($0.unitsLeft) of \($0.units) units left" }
                    ?? "No units left"),
            origin: try origin(),
            harvested: moment(trace.lot.harvestedAt).day, packed: packed, useBy: trace.box.map(useBy),
            tests: tests, temperature: temperature(measured), steps: steps.map { $0.step.linked(isSignedIn) },
            gaps: gaps,
            completeness: completeness, results: results.map { $0.linked(isSignedIn) }, growing: try growing(),
            transport: rooms(measured), certificates: try certificates(), pictures: pictures(),
            statement: try brand.map { .init(words: $0.statement, by: platform.name(of: $0.owner)) },
            verify: VerifyPanel(evidenceURL: evidenceURL, ledgerID: ledger, claims: claims),
            recordURL: trace.records.first { isSignedIn && $0.record.operation == "commission" }
                .map { ExplorerPaths.transaction($0.record.id.hex, ledger: ledger) })
    }

    private var evidenceURL: String {
        "/api/v1/evidence/box?code="
            + (trace.code.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
    }

    private var claims: [VerifyPanel.Claim] {
        guard let box = trace.box else { return [] }
        let key = "agri/boxes/\(trace.code.path)"
        return [
            .init(stateKey: key, field: "expiry", value: box.expiry, words: "the use-by date on this page"),
            .init(stateKey: key, field: "harvestLot", value: box.harvestLot, words: "the harvest lot on this page"),
        ]
    }

    private var packed: Day? {
        trace.records.first { $0.record.operation == "commission" }.map { moment($0.record.time).day }
    }

    private var tests: BoxRecord.Tests? {
        let reports = results
        guard !reports.isEmpty, let laboratory = trace.records.last(where: { $0.record.operation == "reportTest" })
        else { return nil }
        return .init(
            passed: Int(trace.lot.passedTests), total: reports.count,
            laboratory: platform.name(of: laboratory.record.issuer))
    }

    private var results: [TestResult] {
        trace.records.filter { $0.record.operation == "reportTest" }
            .map { TestResult(record: $0.record, statement: $0.statement, platform: platform) }
    }

    // MARK: Steps

    /// In the order of the ledger, which nobody can claim otherwise; the times beside them are what the signers say.
    private func steps() throws -> [(operation: String, step: TimelineStep)] {
        typealias Placed = (height: UInt64, position: Int, operation: String, step: TimelineStep)
        var steps: [Placed] = trace.records.compactMap { record, statement in
            StepWords.step(record, statement, platform).map { (record.height, record.position, record.operation, $0) }
        }
        for reading in trace.readings {
            let weight = ReadingValues.numbers(in: reading.reading).first { $0.quantity == "weight" }
            let packed = trace.records.first { $0.record.operation == "commission" }?
                .statement.operation.arguments["grams"]?.unsigned
            steps.append(
                (
                    reading.record.height, reading.record.position, "weighing",
                    TimelineStep(
                        stage: .packing, title: "Weighed",
                        detail: weight.map { "\(Int($0.value)) g on the packing scale" } ?? "",
                        time: moment(weight?.time ?? reading.reading.received), statedBy: "the packing scale",
                        trust: .device, recordURL: ExplorerPaths.transaction(reading.record.id.hex, ledger: ledger),
                        transactionID: reading.record.id.hex,
                        finding: weight.flatMap { Self.difference(onScale: $0.value, packed: packed) })
                ))
        }
        if let soil = try devices(profile: "soil-probe").first {
            let counts = try platform.index.readings(
                device: soil, quantity: "moisture", to: trace.lot.harvestedAt, limit: 500)
            if let last = counts.last, let batch = try platform.record(of: last.batch) {
                steps.append(
                    (
                        batch.height, batch.position, "sensing",
                        TimelineStep(
                            stage: .growth, title: "Watched by sensors",
                            detail: "Soil moisture, acidity, air and light, \(counts.count) readings of the soil probe",
                            time: moment(last.time), statedBy: "the soil probe", trust: .device,
                            recordURL: ExplorerPaths.device(soil, ledger: ledger), transactionID: last.batch.hex)
                    ))
            }
        }
        return steps.sorted { ($0.height, $0.position) < ($1.height, $1.position) }.map { ($0.operation, $0.step) }
    }

    /// What a device weighed beside what a person stated, where the two are more than 2 % apart.
    static func difference(onScale grams: Double, packed: UInt64?) -> String? {
        guard let packed, abs(grams - Double(packed)) > Double(packed) * 0.02 + 5 else { return nil }
        return "The packer states \(Double(packed) / 1000) kg"
    }

    /// Stages that a complete record has, and what is missing of them.
    private func gaps(_ steps: [(operation: String, step: TimelineStep)]) -> ([BoxRecord.Gap], Int) {
        let live = trace.box.map { [Box.Stage.commissioned, .affixed].contains($0.stage) } ?? false
        var expected: [(operation: String, title: String, before: [String])] = [
            ("sowing", "Sowing", []), ("sensing", "Growth readings", ["sowing"]),
            ("harvest", "Harvest", ["sensing", "sowing"]),
            ("reportTest", "Laboratory test", ["harvest"]), ("weighing", "Weighing", ["harvest"]),
            ("commission", "Packing", ["weighing", "harvest"]), ("affix", "Tag confirmed", ["commission"]),
        ]
        if !live {
            expected += [
                ("dispatch", "Hand-over to the carrier", ["affix"]),
                ("receive", "Arrival at the shop", ["deliver", "dispatch"]),
            ]
        }
        let have = Set(
            steps.map { $0.step.stage == .seed && $0.operation == "recordOperation" ? "sowing" : $0.operation })
        let missing = expected.filter { !have.contains($0.operation) }
        let gaps = missing.map { item in
            let after = item.before.compactMap { name in steps.lastIndex { $0.operation == name } }.first ?? 0
            return BoxRecord.Gap(
                afterStep: after, title: "\(item.title) is not recorded",
                sentence: "Nobody put it on the ledger. That does not mean it did not happen.")
        }
        return (gaps, (expected.count - missing.count) * 100 / expected.count)
    }

    // MARK: Readings

    private func devices(profile: String) throws -> [String] {
        try platform.state.scan(MembershipContract.devices, limit: 10_000)
            .filter { $0.value.owner == trace.lot.owner && $0.value.profile == profile }.map(\.key)
    }

    private func temperature(_ measured: [BoxStays.Measured]) -> BoxRecord.Temperature? {
        guard let limit = coldChainLimit else { return nil }
        let delivered = trace.records.last { $0.record.operation == "deliver" }?.statement.operation.arguments
        let told = delivered?["highestTemperature"]?.int.map { Double($0) / 100 }
        // The readings of its rooms count where the visitor may see them; what the carrier signed is public anyway.
        let points = measured.flatMap(\.readings).map(\.value)
        guard let highest = ([told, points.max()].compactMap { $0 }).max() else { return nil }
        return .init(
            lowest: points.min(), highest: highest, limit: limit,
            minutesAbove: Int(delivered?["minutesOver"]?.unsigned ?? 0))
    }

    private var coldChainLimit: Double? {
        trace.records.last { $0.record.operation == "dispatch" }?.statement.operation
            .arguments["maximumTemperature"]?.int.map { Double($0) / 100 }
    }

    private func growing() throws -> [LineChart] {
        var charts: [LineChart] = []
        let source =
            "Signed by the probe. Weather behind it: measured typical year of the US National Solar Radiation Database, third-party data replayed for this demonstration"
        for (profile, quantity, title, unit) in [
            ("soil-probe", "moisture", "Soil moisture", "m³/m³"),
            ("air-sensor", "temperature", "Air temperature", "°C"),
        ] {
            guard let device = try devices(profile: profile).first else { continue }
            charts.append(try chart(device, quantity, title, unit, source: source))
        }
        return charts.filter { !($0.series.first?.points.isEmpty ?? true) }
    }

    private func temperatures() throws -> [BoxStays.Measured] {
        try BoxStays(records: trace.records, isLive: trace.box != nil)
            .temperatures(on: platform, for: platform.readings(for: session))
    }

    /// A chart for each stay in a room and each device that hung there.
    private func rooms(_ measured: [BoxStays.Measured]) -> [LineChart] {
        measured.map { measured in
            LineChart(
                title: "Room \(measured.stay.room)", unit: "°C",
                series: [
                    .init(
                        name: "While the box was there", source: "Signed by \(measured.device)",
                        points: measured.readings.map { .init(moment($0.time), $0.value) })
                ], limits: coldChainLimit.map { [.init("Limit", $0)] } ?? [])
        }
    }

    // MARK: Brand, certificates, pictures

    private var brand: Brand? {
        get throws { try platform.state.get(TracingContract.brands, trace.code.gtin) }
    }

    /// Farm and region; of a mix, those of everything in it.
    private func origin() throws -> String {
        let plots = ([trace.lot.plot] + trace.ancestors.map(\.lot.plot)).compactMap { $0 }
        var places: [String] = []
        for plot in plots {
            guard let farm = try platform.state.get(TracingContract.plots, plot)?.farm,
                let record = try platform.state.get(TracingContract.farms, farm)
            else { continue }
            let place = "\(record.name), \(record.region)"
            if !places.contains(place) { places.append(place) }
        }
        return places.joined(separator: "; ")
    }

    /// Of the grower and those whose lots are in it, as they stood when the box was packed.
    private func certificates() throws -> [BoxRecord.Certificate] {
        let packedAt = trace.records.first { $0.record.operation == "commission" }?.record.time ?? trace.lot.harvestedAt
        let holders = Set([trace.lot.owner] + trace.ancestors.map(\.lot.owner))
        return try platform.state.scan(TracingContract.certificates, limit: 1000)
            .filter { holders.contains($0.value.holder) }
            .map { number, record in
                .init(
                    number: number, scheme: record.scheme, scope: record.scope,
                    holder: platform.name(of: record.holder),
                    by: platform.name(of: record.by), until: moment(record.until).day,
                    standing: record.holds(at: packedAt)
                        ? (record.withdrawnAt == nil ? .held : .withdrawnSince) : .notHeld)
            }
    }

    /// Pictures a page shows.
    private static let shownPictures = 8

    private func pictures() -> [BoxRecord.Picture] {
        trace.records.filter { $0.record.operation == "attach" }.suffix(Self.shownPictures)
            .compactMap { record, statement in
                let arguments = statement.operation.arguments
                guard let hash = arguments["document"]?.hash32, let type = arguments["mediaType"]?.text else {
                    return nil
                }
                let state = DocumentRoutes.state(of: hash, at: platform)
                return .init(
                    href: DocumentRoutes.address(hash.hex), isImage: type.hasPrefix("image/"),
                    caption: arguments["caption"]?.text ?? "", by: platform.name(of: record.issuer),
                    taken: moment(arguments["takenAt"]?.unsigned ?? record.time), state: state,
                    isEdited: arguments["original"]?.hash32 != nil)
            }
    }

    private func chart(
        _ device: String, _ quantity: String, _ title: String, _ unit: String, source: String,
        limits: [LineChart.Limit] = []
    ) throws -> LineChart {
        let points = try platform.index.readings(device: device, quantity: quantity)
        return LineChart(
            title: title, unit: unit,
            series: [.init(name: title, source: source, points: points.map { .init(moment($0.time), $0.value) })],
            limits: limits)
    }

    private func moment(_ milliseconds: UInt64) -> Moment { Moment(milliseconds: Int64(milliseconds)) }
}
