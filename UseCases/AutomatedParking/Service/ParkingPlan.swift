import AutomatedParkingContract
import AutomatedParkingGateway

/// The lots, lanes, drivers and prices of the demonstration.
struct ParkingPlan: Sendable {
    struct Driver: Sendable {
        let id: String
        let name: String
        let plate: String
        let country: String
        /// Points to start with, and caps for a stay and a day, minor units.
        let balance: UInt64
        let perStay: UInt64
        let perDay: UInt64

        var plateName: PlateName? { PlateName(plate, country: country) }
    }

    struct LanePlan: Sendable {
        let id: String
        let lot: String
        let direction: Lane.Direction
        let hasBarrier: Bool

        var camera: String { "urn:dev:ops:32473-platecamera-\(id)" }
        var barrier: String? { hasBarrier ? "urn:dev:ops:32473-barrier-\(id)" : nil }
        /// In the road before each barrier.
        var loop: String? { hasBarrier ? "urn:dev:ops:32473-laneloop-\(id)" : nil }
        /// Reads tags of cars that have one.
        var reader: String? { hasBarrier ? "urn:dev:ops:32473-tagreader-\(id)" : nil }
    }

    static let gateway = "lane-gateway"
    static let gatewayMember = "harbour"
    static let mandate = "parking"
    static let currency = "XPT"
    /// How sure a read has to be, alone and of two that agree; thousandths.
    static let sure: UInt64 = 850
    static let agreeing: UInt64 = 650
    /// Name of the secret that plates are hashed with.
    static let plateSecret = "parking-plates"

    /// Plates of the second and the fourth driver look alike.
    static let drivers = [
        Driver(
            id: "driver-7f3a", name: "Driver 7F3A", plate: "HB CR 2047", country: "D", balance: 50_000, perStay: 3000,
            perDay: 6000),
        Driver(
            id: "driver-29c1", name: "Driver 29C1", plate: "M AB 1O8", country: "D", balance: 50_000, perStay: 3000,
            perDay: 6000),
        Driver(
            id: "driver-b04e", name: "Driver B04E", plate: "W-4711 X", country: "A", balance: 50_000, perStay: 300,
            perDay: 600),
        Driver(
            id: "driver-d5d8", name: "Driver D5D8", plate: "M AB 108", country: "D", balance: 50_000, perStay: 3000,
            perDay: 6000
        ),
        Driver(
            id: "driver-e6a2", name: "Driver E6A2", plate: "HH EV 77E", country: "D", balance: 100, perStay: 3000,
            perDay: 6000),
    ]

    static let lots: [(id: String, operatorID: String, name: String, capacity: UInt64)] = [
        ("harbour", "harbour-parking", "Harbour Garage", 120), ("hill", "hill-parking", "Hill Street", 60),
    ]

    /// Barriers at the harbour; nothing to stop for on the hill.
    static let lanes = [
        LanePlan(id: "harbour-in", lot: "harbour", direction: .entry, hasBarrier: true),
        LanePlan(id: "harbour-out", lot: "harbour", direction: .exit, hasBarrier: true),
        LanePlan(id: "hill-in", lot: "hill", direction: .entry, hasBarrier: false),
        LanePlan(id: "hill-out", lot: "hill", direction: .exit, hasBarrier: false),
    ]

    /// Bays of the harbour that have a sensor in the floor.
    static let bays = (1...6).map { "urn:dev:ops:32473-baysensor-harbour.\($0)" }
    /// The first driver's car has a tag on its windscreen.
    static let tag = (driver: "driver-7f3a", number: "3045 7711 0042")

    /// Of the city that both lots stand in.
    static let taxRule = TaxRule("VAT", number: "XX 123 456 789")

    static func tariff(of lot: String) -> Tariff {
        let zone = CivilZone(offset: 60, summerTime: .europe)
        if lot == "harbour" {
            return TariffForm(firstHour: 200, halfHour: 100, daily: 2400, grace: 600)
                .tariff(zone, tax: 1900, rule: taxRule)
        }
        let day = RateTable.Window(days: 0x3F, from: 8 * 60, to: 20 * 60)
        let table = RateTable(
            [
                .init(
                    "Mon–Sat 8–20", window: day,
                    lines: [.init(.incrementingRate, "each started quarter of an hour, 8–20", period: 900, value: 40)],
                    caps: [.init(period: 86_400, value: 900, isCalendar: true)]),
                .init(
                    "Night and Sunday", lines: [.init(.flatRate, "for the stay", value: 50)]),
            ], grace: 600, tax: 1900)
        return Tariff([table], zone: zone, taxRule: taxRule)
    }
}

/// A tariff as an operator puts it into a form: a first hour, then half hours, a most for 24 hours, free minutes.
struct TariffForm: Sendable {
    /// Minor units.
    let firstHour: UInt64
    let halfHour: UInt64
    let daily: UInt64
    /// Seconds.
    let grace: UInt64

    /// Prices contain a tax of hundredths of a percent.
    func tariff(_ zone: CivilZone, tax: UInt64, rule: TaxRule) -> Tariff {
        let table = RateTable(
            [
                .init(
                    "Parking",
                    lines: [
                        .init(.flatRate, "first hour", value: firstHour),
                        .init(
                            .incrementingRate, "each started half hour after it", start: 3600, period: 1800,
                            value: halfHour),
                    ], caps: [.init(period: 86_400, value: daily)])
            ], grace: grace, tax: tax)
        return Tariff([table], zone: zone, taxRule: rule)
    }
}
