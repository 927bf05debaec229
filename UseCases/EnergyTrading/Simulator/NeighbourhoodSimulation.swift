import DeviceKit
import EnergyTradingMetering
import Foundation
import MQTT
import SimulationKit

/// The houses of a microgrid and the line that joins it to the rest, each with a meter that reports through the gateway.
public actor NeighbourhoodSimulation {
    public struct Configuration: Sendable {
        public var houses: [House]
        /// The aggregator, whose meter stands on the line.
        public var line: String
        public var member: String
        public var broker: MQTTConfiguration
        public var folder: String
        public var provisioningSecret: [UInt8]
        public var certificate: @Sendable (String) throws -> MQTTConfiguration.TLS
        /// Seconds of the neighbourhood's time in a second.
        public var acceleration: Double
        public var start: Date
        public var seed: UInt64 = 1
        /// Share of what houses make that the sun really gives: clouds that no forecast saw.
        public var yield: Double = 1

        public init(
            houses: [House], line: String, member: String, broker: MQTTConfiguration, folder: String,
            provisioningSecret: [UInt8], acceleration: Double, start: Date,
            certificate: @escaping @Sendable (String) throws -> MQTTConfiguration.TLS
        ) {
            self.houses = houses
            self.line = line
            self.member = member
            self.broker = broker
            self.folder = folder
            self.provisioningSecret = provisioningSecret
            self.acceleration = acceleration
            self.start = start
            self.certificate = certificate
        }
    }

    /// Real seconds between two telegrams, as DSMR 5 has it.
    public static let interval = 1.0

    private let configuration: Configuration
    private let model: NeighbourhoodModel
    private var meters: [String: (meter: SmartMeter, node: MeterNode)] = [:]
    private var batteries: [String: HomeBattery] = [:]
    private var now: Date
    private var last = Date()

    public init(_ configuration: Configuration) throws {
        self.configuration = configuration
        model = NeighbourhoodModel(
            houses: configuration.houses, year: try WeatherYear(path: try WeatherYear.locate()),
            load: try LoadProfile(path: try LoadProfile.locate()), seed: configuration.seed)
        now = configuration.start
        for house in configuration.houses where house.storage > 0 {
            batteries[house.id] = HomeBattery(capacity: house.storage)
        }
        let line = House(configuration.line, consumption: 0, photovoltaics: 0)
        for (number, house) in (configuration.houses + [line]).enumerated() {
            let urn = try DeviceURN(house.meter)
            var broker = configuration.broker
            broker.tls = try configuration.certificate(urn.text)
            let session = try DeviceSession(
                identity: try DeviceIdentity(
                    urn: urn, generation: 1, provisioningSecret: configuration.provisioningSecret),
                member: configuration.member, broker: broker,
                sequenceFile: configuration.folder + "/" + urn.text.replacing(":", with: "_") + ".seq")
            let meter = try Self.restored(house, number, folder: configuration.folder)
            meters[house.id] = (meter, MeterNode(session: session))
        }
    }

    public func connect() async throws {
        for (_, node) in meters.values { try await node.connect() }
    }

    public func close() async {
        for (_, node) in meters.values { await node.close() }
    }

    /// Runs until cancelled.
    public func run() async throws {
        while true {
            try await tick()
            try await Task.sleep(for: .seconds(Self.interval))
        }
    }

    /// Lets the time since the last tick pass, and each meter say what it has counted.
    public func tick() async throws {
        let real = Date()
        let seconds = min(10, real.timeIntervalSince(last)) * configuration.acceleration
        last = real
        now += seconds
        var line = 0.0
        for house in configuration.houses {
            var watts = model.power(of: house, at: now)
            if watts < 0 { watts *= configuration.yield }
            watts += batteries[house.id]?.run(to: now, seconds: seconds) ?? 0
            line += watts
            meters[house.id]?.meter.run(watts, seconds: seconds)
        }
        // The line's meter is the aggregator's: it takes what the neighbourhood gives.
        meters[configuration.line]?.meter.run(-line, seconds: seconds)
        for (id, entry) in meters {
            try await entry.node.push(entry.meter.telegram(at: real))
            try Self.keep(entry.meter, id, folder: configuration.folder)
        }
    }

    /// Watts that a house takes just now, as its own display shows; below zero it gives.
    public func power(of house: String) -> Double {
        configuration.houses.first { $0.id == house }.map { model.power(of: $0, at: now) } ?? 0
    }

    /// Wh in a house's battery.
    public func level(of house: String) -> Double { batteries[house]?.level ?? 0 }

    /// Tells a battery to take so much at its terminals, or to give it where it is below zero, in so many seconds from now.
    public func runBattery(of house: String, energy: Double, within seconds: Double) {
        let length = seconds * configuration.acceleration
        batteries[house]?.order(energy * 3600 / length, until: now + length)
    }

    /// Wh that a house will take in a time from now on, as the sun stands; below zero it gives.
    public func expected(of house: String, after seconds: Double, for length: Double) -> Double {
        guard let house = configuration.houses.first(where: { $0.id == house }) else { return 0 }
        let steps = 8
        let from = now + seconds * configuration.acceleration
        let step = length * configuration.acceleration / Double(steps)
        return (0..<steps).reduce(0) { sum, number in
            sum + model.power(of: house, at: from + (Double(number) + 0.5) * step) * step / 3600
        }
    }

    // MARK: Registers outlive the process, as those of real meters do

    private static func file(_ id: String, _ folder: String) -> String { "\(folder)/\(id).registers" }

    private static func restored(_ house: House, _ number: Int, folder: String) throws -> SmartMeter {
        let serial = "CRN\(10_000 + number)"
        let kept = (try? String(contentsOfFile: file(house.id, folder), encoding: .utf8)) ?? ""
        let values = kept.split(separator: " ").compactMap { Double($0) }
        return values.count == 2
            ? SmartMeter(serial: serial, imported: values[0], exported: values[1])
            : SmartMeter(serial: serial, imported: 1_234_000, exported: 56_000)
    }

    private static func keep(_ meter: SmartMeter, _ id: String, folder: String) throws {
        try "\(meter.imported) \(meter.exported)".write(toFile: file(id, folder), atomically: true, encoding: .utf8)
    }
}
