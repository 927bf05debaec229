import EnergyTradingMetering
import Foundation
import SimulationKit

/// A building behind a meter: what runs in it, and what lies on its roof.
public struct House: Sendable, Hashable {
    /// The participant that lives there.
    public let id: String
    /// kWh a year.
    public let consumption: Double
    /// Peak power of its photovoltaic modules, kW.
    public let photovoltaics: Double
    /// What its battery holds, Wh; 0 without one.
    public let storage: Double

    public init(_ id: String, consumption: Double, photovoltaics: Double, storage: Double = 0) {
        self.id = id
        self.consumption = consumption
        self.photovoltaics = photovoltaics
        self.storage = storage
    }

    public var meter: String { "urn:dev:ops:32473-smartmeter-\(id)" }
}

/// The wires and the sun of one microgrid: what flows through each meter at each moment.
public struct NeighbourhoodModel: Sendable {
    /// Inverter, cables and dust.
    private static let performance = 0.85

    let houses: [House]
    private let year: WeatherYear
    private let load: LoadProfile
    private let seed: UInt64

    public init(houses: [House], year: WeatherYear, load: LoadProfile, seed: UInt64) {
        self.houses = houses
        self.year = year
        self.load = load
        self.seed = seed
    }

    /// Watts that a house takes from the grid; below zero it gives.
    public func power(of house: House, at date: Date) -> Double {
        let noise = SeededNoise(seed: seed, device: house.id)
        let minute = UInt64(max(0, date.timeIntervalSince1970 / 60))
        // Kettles and ovens: a household follows the profile only on average.
        return power(of: house, at: date, times: 0.6 + 0.8 * noise.uniform(1, minute / 7))
    }

    /// The same as far as it can be foreseen: by the profile, and a forecast of the sun.
    public func expectedPower(of house: House, at date: Date) -> Double { power(of: house, at: date, times: 1) }

    private func power(of house: House, at date: Date, times own: Double) -> Double {
        let taken = load.power(at: date, annual: house.consumption) * own
        let made = year.weather(at: date).irradiance * house.photovoltaics * Self.performance
        return taken - made
    }
}

/// A meter: registers that only count up, and a P1 port.
public struct SmartMeter: Sendable {
    public let serial: String
    /// Wh.
    public private(set) var imported: Double
    public private(set) var exported: Double
    private var power: Double = 0

    public init(serial: String, imported: Double, exported: Double) {
        self.serial = serial
        self.imported = imported
        self.exported = exported
    }

    /// So much power flows for so long.
    public mutating func run(_ watts: Double, seconds: Double) {
        power = watts
        if watts >= 0 { imported += watts * seconds / 3600 } else { exported -= watts * seconds / 3600 }
    }

    /// What the port says at a moment: DSMR 5.
    public func telegram(at date: Date) -> [UInt8] {
        func energy(_ value: Double) -> String { String(format: "%010.3f*kWh", value / 1000) }
        func kilowatts(_ value: Double) -> String { String(format: "%06.3f*kW", max(0, value) / 1000) }
        let hex = serial.utf8.map { String(format: "%02X", $0) }.joined()
        return P1Telegram(
            identification: "CRN5\\CAIRN-1",
            objects: [
                .init(OBIS(1, 3, 0, 2, 8), ["50"]), .init(.time, [Self.time(date)]), .init(.serial, [hex]),
                .init(.imported(tariff: 1), [energy(imported)]), .init(.imported(tariff: 2), [energy(0)]),
                .init(.exported(tariff: 1), [energy(exported)]), .init(.exported(tariff: 2), [energy(0)]),
                .init(.powerTaken, [kilowatts(power)]), .init(.powerGiven, [kilowatts(-power)]),
            ]
        ).bytes
    }

    /// Central European time, with the letter that tells summer from winter.
    private static func time(_ date: Date) -> String {
        let zone = TimeZone(identifier: "Europe/Amsterdam") ?? .gmt
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let isSummer = zone.isDaylightSavingTime(for: date)
        return String(
            format: "%02d%02d%02d%02d%02d%02d", (parts.year ?? 2000) % 100, parts.month ?? 1, parts.day ?? 1,
            parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0) + (isSummer ? "S" : "W")
    }
}
