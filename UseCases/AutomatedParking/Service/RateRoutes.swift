import APIKit
import AutomatedParkingContract
import Foundation
import UseCaseKit

/// What lots charge, as the rates of the Alliance for Parking Data Standards' interface (APDS 4, ISO/TS 5206-1): a page of rate tables, and
/// each by its id.
///
/// APDS has no words for what a rate table here has beside that: holidays and hours of a collection stand in its lines' descriptions, and
/// caps in ``maxValueCollection``. A bill follows from the tariff on the ledger; `quote` tells it.
struct RateRoutes: Sendable {
    private static let tag = "parking"
    private static let path = "/api/v1/parking/rates"
    static let maximumPage = 100

    let platform: Platform

    /// Where the rate tables of a lot are.
    static func address(of lot: String) -> String { "\(path)?place=\(lot)" }

    var routes: [Route] {
        [
            Route(
                .get, Self.path, "Rate tables by which cars that enter now are charged (APDS)", tag: Self.tag,
                access: .anyone,
                parameters: [
                    .init("place", in: .query, "Of this lot alone", .pattern("[A-Za-z0-9._-]{1,100}")),
                    .init("offset", in: .query, "The first of the page", .integer(0...1_000_000)),
                    .init("pageSize", in: .query, "At most so many", .integer(1...Int64(Self.maximumPage))),
                ], answer: RateTableSchema.page
            ) { request in
                let offset = try request.integer("offset", default: 0, in: 0...1_000_000)
                let size = try request.integer("pageSize", default: Self.maximumPage, in: 1...Self.maximumPage)
                let tables = try tables(of: request.query["place"])
                return .json([
                    "meta": [
                        "referenceInstant": platform.now / 1000, "offset": offset, "pageSize": size,
                        "total": tables.count,
                    ], "data": Array(tables.dropFirst(offset).prefix(size)),
                ])
            },
            Route(
                .get, "\(Self.path)/{id}", "A rate table (APDS)", tag: Self.tag, access: .anyone,
                parameters: [.init("id", in: .path, "As the page of rates gives it")], problems: [404: "not-found"],
                answer: RateTableSchema.table
            ) { request in
                let id = try request.parameter("id")
                guard let table = try tables(of: nil).first(where: { $0["id"] as? String == id }) else {
                    throw Problem.notFound("rate table \(id)")
                }
                return .json(table)
            },
        ]
    }

    private func tables(of place: String?) throws -> [[String: Any]] {
        try platform.state.scan(ParkingContract.lots, limit: 1000)
            .filter { place == nil || $0.key == place }
            .flatMap { id, lot -> [[String: Any]] in
                guard
                    let (version, tariff) = try ParkingContract.tariff(
                        of: id, count: lot.tariffs, at: platform.now, in: platform.state)
                else { return [] }
                let from = try platform.state.get(ParkingContract.tariffs, "\(id)/\(version)")?.from ?? 0
                let until = try platform.state.get(ParkingContract.tariffs, "\(id)/\(version + 1)")?.from
                return tariff.tables.enumerated().map { number, table in
                    [
                        "id": "\(id).\(number + 1)", "version": version,
                        "rateTableName": [["language": "en", "string": "\(lot.name), tariff \(version)"]],
                        "validityStart": Self.moment(from), "activeTimes": ["P1D"], "availability": "public",
                        "rateLineCollections": table.collections.enumerated().map { number, collection in
                            Self.json(
                                collection, number, of: table, currency: lot.currency, zone: tariff.zone,
                                from: from, until: until)
                        },
                    ]
                }
            }
    }

    private static func json(
        _ collection: RateTable.Collection, _ number: Int, of table: RateTable, currency: String, zone: CivilZone,
        from: UInt64, until: UInt64?
    ) -> [String: Any] {
        var object: [String: Any] = [
            "applicableCurrency": currency, "collectionSequence": number + 1, "minTime": "PT0S",
            "maxTime": duration(ParkingRoutes.longestStay), "relativeTimes": true, "resetTime": midnight(in: zone),
            "taxIncluded": table.isTaxIncluded, "taxRate": hundredths(table.tax), "validStart": moment(from),
            "validEnd": until.map(moment) ?? "9999-12-31T23:59:59Z",
            "rateLines": collection.lines.enumerated().map { number, line in json(line, number, in: collection) },
        ]
        if collection.minimum > 0 { object["minValueCollection"] = hundredths(collection.minimum) }
        if let most = collection.maximum ?? collection.caps.map(\.value).min() {
            object["maxValueCollection"] = hundredths(most)
        }
        return object
    }

    private static func json(
        _ line: RateTable.Line, _ number: Int, in collection: RateTable.Collection
    ) -> [String: Any] {
        var object: [String: Any] = [
            "sequence": number + 1, "rateLineType": line.kind.rawValue,
            "description": collection.label == line.label ? line.label : "\(collection.label): \(line.label)",
            "durationStart": duration(line.start), "value": hundredths(line.value),
        ]
        if let end = line.end { object["durationEnd"] = duration(end) }
        if line.kind == .incrementingRate {
            object["incrementPeriod"] = duration(line.period)
            // A price for an hour that is charged in steps of five minutes: APDS has the price of a step.
            if let basis = line.basis { object["value"] = hundredths(line.value) * Double(line.period) / Double(basis) }
        }
        return object
    }

    /// Hundredths as a decimal number: minor units of a currency, or of a percent.
    private static func hundredths(_ value: UInt64) -> Double { Double(value) / 100 }

    private static func duration(_ seconds: UInt64) -> String { "PT\(seconds)S" }

    private static func moment(_ milliseconds: UInt64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
    }

    private static func midnight(in zone: CivilZone) -> String {
        let (sign, minutes) = (zone.offset < 0 ? "-" : "+", abs(zone.offset))
        return "00:00:00\(sign)"
            + [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
