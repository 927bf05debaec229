import APIKit
import FishFarmingContract
import Foundation
import PortalKit
import UseCaseKit

/// What was said of each night of a pond and what came of it, for its farmer: how far a forecast can be trusted.
struct NightRoutes: Sendable {
    private typealias Fish = FishFarmingContract
    /// Nights that are shown and that set the band, the latest.
    private static let shown = 60

    let platform: Platform

    static func path(_ pond: String) -> String { "/fish/nights?pond=\(pond)" }

    var routes: [Route] {
        [
            FishWork(platform: platform).page(
                "/fish/nights", "What was said of each night, and what came", access: .role(Fish.Role.farmer)
            ) { request, session in
                let name = request.query["pond"] ?? ""
                _ = try own(name, session)
                return try platform.page(try page(name), session)
            },
            Route(
                .get, "/api/v1/fish/ponds/{pond}/nights", "Forecasts of a pond's nights and what came, for its farmer",
                tag: PondRoutes.tag, parameters: [.init("pond", in: .path, "The pond's id")],
                problems: [403: "not-yours", 404: "not-found"]
            ) { request in
                let name = try request.parameter("pond")
                _ = try own(name, try request.requireSession())
                let nights = try Self.nights(of: name, in: platform)
                return .json(Self.told(nights))
            },
        ]
    }

    private func own(_ name: String, _ session: Session) throws -> PondRecord {
        guard let pond = try platform.state.get(Fish.ponds, name) else { throw Problem.notFound("pond \(name)") }
        guard pond.owner == session.participant else {
            throw Problem(403, "not-yours", "a pond's nights are for its farmer")
        }
        return pond
    }

    private static func nights(of pond: String, in platform: Platform) throws -> [NightRecord] {
        try platform.state.scan(Fish.nights, prefix: "\(pond)/", limit: 10_000).suffix(shown).map(\.value)
    }

    /// How far forecasts were off on nights without aeration, mg/L.
    static func misses(of pond: String, in platform: Platform) throws -> [Double] {
        unaided(try nights(of: pond, in: platform)).map { ($0.measured - $0.expected) / 100 }
    }

    private struct Outcome {
        let expected: Double
        let midnight: Double
        let band: Double
        let measured: Double
    }

    /// Nights that ended without the aerator: a forecast of a pond that only breathes is held against these alone.
    private static func unaided(_ nights: [NightRecord]) -> [Outcome] {
        nights.compactMap { night in
            guard let measured = night.measured, !night.isAerated else { return nil }
            return Outcome(
                expected: Double(night.expected), midnight: Double(night.midnight), band: Double(night.band),
                measured: Double(measured))
        }
    }

    private struct Accuracy {
        let nights: Int
        /// Mean absolute errors, mg/L: of the forecast, and of saying that nothing changes after midnight.
        let forecast: Double
        let persistence: Double
        let inBand: Int

        init?(_ nights: [NightRecord]) {
            let outcomes = NightRoutes.unaided(nights)
            guard !outcomes.isEmpty else { return nil }
            func mean(_ errors: [Double]) -> Double { errors.reduce(0) { $0 + abs($1) } / Double(errors.count) / 100 }
            self.nights = outcomes.count
            forecast = mean(outcomes.map { $0.measured - $0.expected })
            persistence = mean(outcomes.map { $0.measured - $0.midnight })
            inBand = outcomes.count { abs($0.measured - $0.expected) <= $0.band }
        }
    }

    private static func told(_ nights: [NightRecord]) -> [String: Any] {
        let accuracy = Accuracy(nights)
        func value(_ hundredths: UInt64?) -> Any { hundredths.map { Double($0) / 100 as Any } ?? NSNull() }
        return [
            "items": nights.map { night in
                [
                    "saidAt": night.saidAt, "expected": value(night.expected), "band": value(night.band),
                    "midnight": value(night.midnight), "measured": value(night.measured), "isAerated": night.isAerated,
                ]
            },
            "nightsCompared": accuracy?.nights ?? 0, "meanAbsoluteError": accuracy?.forecast ?? NSNull(),
            "persistenceError": accuracy?.persistence ?? NSNull(), "inBand": accuracy?.inBand ?? 0,
        ]
    }

    // MARK: Page

    private func page(_ pond: String) throws -> WorkPage {
        let nights = try Self.nights(of: pond, in: platform)
        let grounds = Grounds(about: ["pond:\(pond)"])
        var facts: [Fact] = []
        if let accuracy = Accuracy(nights) {
            facts = [
                Fact(
                    "Off by, on average", "\(figure(accuracy.forecast, decimals: 2)) mg/L",
                    note: "\(accuracy.nights) night\(accuracy.nights == 1 ? "" : "s") without the aerator",
                    grounds: grounds),
                Fact(
                    "Without a forecast", "\(figure(accuracy.persistence, decimals: 2)) mg/L",
                    note: "off by so much would be who says that midnight's oxygen stays until dawn"),
                Fact("Inside the band", "\(accuracy.inBand) of \(accuracy.nights) nights"),
            ]
        }
        func series(_ name: String, _ source: String, _ value: (NightRecord) -> UInt64?) -> LineChart.Series {
            .init(
                name: name, source: source,
                points: nights.compactMap { night in
                    value(night).map { .init(FishWork.moment(night.saidAt), Double($0) / 100) }
                })
        }
        return WorkPage(
            kicker: "Pond \(pond)", title: "What was said, and what came",
            lead:
                "The gateway says at midnight what oxygen it expects at dawn, and tells at dawn what it measured. Both are "
                + "signed records, so nobody chose afterwards what was said.",
            facts: facts,
            charts: [
                LineChart(
                    title: "Oxygen at dawn", unit: "mg/L",
                    series: [
                        series("Said at midnight", "gateway, signed", \.expected),
                        series("Measured at dawn", "gateway, signed", \.measured),
                    ], grounds: grounds)
            ], tables: [table(nights)])
    }

    private func table(_ nights: [NightRecord]) -> Table {
        Table(
            caption: "Each night",
            columns: [
                .init("Said"), .init("Expected", isNumeric: true), .init("Band"), .init("Came", isNumeric: true),
                .init("Off by", isNumeric: true), .init("Judged"),
            ],
            rows: nights.reversed().map { night in
                let (low, high) = (night.expected - min(night.expected, night.band), night.expected + night.band)
                let judged: Table.Cell
                if let measured = night.measured {
                    judged =
                        night.isAerated
                        ? .mark("the aerator ran", .neutral)
                        : (low...high).contains(measured) ? .mark("inside", .good) : .mark("outside", .bad)
                } else {
                    judged = .mark("not dawn yet", .neutral)
                }
                return [
                    .time(FishWork.moment(night.saidAt)), .text("\(FishExchange.hundredths(night.expected)) mg/L"),
                    .text("\(FishExchange.hundredths(low)) to \(FishExchange.hundredths(high))"),
                    .text(night.measured.map { "\(FishExchange.hundredths($0)) mg/L" } ?? ""),
                    .text(
                        night.measured.map {
                            FishExchange.hundredths($0 > night.expected ? $0 - night.expected : night.expected - $0)
                        } ?? ""), judged,
                ]
            },
            empty: .init("No night yet. The first forecast comes at midnight, what came of it at dawn."))
    }
}
