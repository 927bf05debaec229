import PortalKit

@testable import AgriculturalTracingPages

/// Boxes in every state.
enum BoxSamples {
    static let time = Moment(milliseconds: 1_790_000_000_000)
    static let day = Day(daysSinceEpoch: 20_720)
    static let code = BoxCode(gtin: "09506000134352", lot: "88", serial: "1")

    static let verdicts: [(String, BoxVerdict)] = [
        ("active", .active(useBy: day)), ("expired", .expired(useBy: day)), ("sold", .sold(at: time, by: "Market")),
        ("recalled", .recalled(reason: "Salmonella.", by: "Co-operative", since: time)), ("unknown", .unknown),
        ("held", .held(reason: "Too much cadmium.")), ("unused", .unused),
    ]

    static func page(_ verdict: BoxVerdict, charts: [LineChart]? = nil) -> BoxPage {
        BoxPage(
            code: code, verdict: verdict, digitalLink: "https://id.example.org" + code.path,
            record: verdict == .unknown ? nil : record(charts: charts ?? [growing]))
    }

    private static let growing = LineChart(
        title: "Air temperature", unit: "°C",
        series: [
            .init(
                name: "Plot 12", source: "probe 14, signed",
                points: (0..<5).map { .init(Moment(milliseconds: time.milliseconds + $0 * 3_600_000), 18 + Double($0)) }
            ),
            .init(
                name: "Region", source: "third-party weather series, station 4",
                points: (0..<5).map { .init(Moment(milliseconds: time.milliseconds + $0 * 3_600_000), 17 + Double($0)) }
            ),
        ])

    private static func record(charts: [LineChart]) -> BoxRecord {
        BoxRecord(
            product: "Vine tomatoes", subtitle: "Linde Farm", origin: "Lüneburg", harvested: day, packed: day,
            useBy: day, tests: .init(passed: 1, total: 2, laboratory: "Lab"),
            temperature: .init(lowest: 2.9, highest: 7.4, limit: 6, minutesAbove: 40),
            steps: [
                .init(
                    stage: .seed, title: "Sown", detail: "4.2 kg", time: time, statedBy: "Linde Farm", trust: .person,
                    recordURL: "/r", transactionID: "ab"),
                .init(
                    stage: .harvest, title: "Harvested", detail: "412 kg", time: time, statedBy: "Scale 3",
                    trust: .device, finding: "Heavier than the plot can bear."),
                .init(stage: .other, title: "Weather", detail: "", time: time, statedBy: "Co-op", trust: .statement),
            ],
            gaps: [
                .init(
                    afterStep: 1, title: "The pick-up is not recorded",
                    sentence: "Nobody stated who held the boxes for 3 h.")
            ],
            completeness: 88,
            results: [
                .init(
                    analyte: "Lead", value: 0.012, unit: "mg/kg", limit: 0.1, method: "EN 13805", laboratory: "Lab",
                    isCovered: true, recordURL: "/r"),
                .init(
                    analyte: "Cadmium", value: 0.4, unit: "mg/kg", limit: 0.02, method: "EN 13805",
                    laboratory: "Lab", isCovered: true, recordURL: nil),
                .init(
                    analyte: "Zinc", value: 3, unit: "mg/kg", limit: nil, method: "x", laboratory: "Lab",
                    isCovered: false, recordURL: nil),
            ],
            growing: charts, transport: [],
            verify: VerifyPanel(
                evidenceURL: "/api/v1/evidence/box/1", ledgerID: String(repeating: "ab", count: 32),
                claims: [.init(stateKey: "k", field: "state", value: "active", words: "State")]),
            recordURL: "/r")
    }
}
