import DeviceKit
import Foundation
import SenML

/// A sensor at a place: what it is and where it stands is in its name, so that a gateway needs no list.
///
/// `urn:dev:ops:32473-<role>-<site>.<bay>`
public struct Sensor: Sendable, Hashable {
    public enum Role: String, Sendable, Hashable, CaseIterable {
        case scale, contour, identity, climate, motion

        /// The last level of its topic.
        public var channel: String { rawValue }

        /// Its profile on the ledger.
        public var profile: String { "goods-\(rawValue)" }
    }

    public let role: Role
    public let site: String
    public let bay: String
    public let urn: DeviceURN

    /// - Throws: `DeviceError` with `urn` when site or bay have other than letters and digits.
    public init(_ role: Role, site: String, bay: String) throws(DeviceError) {
        self.role = role
        self.site = site
        self.bay = bay
        // 32473 is reserved for examples (RFC 5612).
        urn = try DeviceURN("urn:dev:ops:32473-\(role.rawValue)-\(site).\(bay)")
    }

    /// From a name; nil for other devices.
    public init?(_ urn: DeviceURN) {
        let parts = urn.text.split(separator: "-")
        guard parts.count == 3, let role = Role(rawValue: String(parts[1])) else { return nil }
        let place = parts[2].split(separator: ".")
        guard place.count == 2 else { return nil }
        self.role = role
        site = String(place[0])
        bay = String(place[1])
        self.urn = urn
    }

    /// The bay in the world.
    public var place: String { "\(site).\(bay)" }

    /// Scale, contour and identity: what a receipt needs.
    public static func bay(_ bay: String, of site: String) throws(DeviceError) -> [Sensor] {
        [
            try Sensor(.scale, site: site, bay: bay), try Sensor(.contour, site: site, bay: bay),
            try Sensor(.identity, site: site, bay: bay),
        ]
    }
}

extension Sensor {
    /// What it sees of the world now, with the errors of such devices.
    ///
    /// - Parameter noise: evenly distributed in -1...1.
    func look(at world: World, noise: () -> Double) -> [SenMLRecord] {
        let stack = world.stack(in: place)
        switch role {
        case .scale:
            // A floor scale of class III with divisions of 1 kg.
            let weight = max(0, (stack.mass + 2 * noise()).rounded())
            return [
                SenMLRecord(name: "weight", unit: "kg", value: .number(weight)),
                SenMLRecord(name: "tamper", value: .boolean(false)),
            ]
        case .contour:
            let box = stack.box
            func side(_ length: Double) -> Double {
                length == 0 ? 0 : ((length + 0.004 * noise()) * 1000).rounded() / 1000
            }
            return [
                SenMLRecord(name: "length", unit: "m", value: .number(side(box.length))),
                SenMLRecord(name: "width", unit: "m", value: .number(side(box.width))),
                SenMLRecord(name: "height", unit: "m", value: .number(side(box.height))),
            ]
        case .identity:
            return [
                SenMLRecord(name: "count", unit: "count", value: .number(Double(stack.bundles.count))),
                SenMLRecord(name: "tags", value: .string(stack.bundles.map(\.tag).joined(separator: ","))),
                SenMLRecord(name: "seal", value: .boolean(true)),
            ]
        case .climate:
            let hour = Date().timeIntervalSince1970 / 3600
            return [
                SenMLRecord(
                    name: "temperature", unit: "Cel",
                    value: .number(((14 + 3 * sin(hour / 24 * 2 * .pi) + 0.1 * noise()) * 100).rounded() / 100)),
                SenMLRecord(
                    name: "humidity", unit: "%RH",
                    value: .number(((52 - 6 * sin(hour / 24 * 2 * .pi) + 0.5 * noise()) * 10).rounded() / 10)),
            ]
        case .motion: return Self.records(of: world.motion(of: site), noise: noise)
        }
    }

    private static func records(of motion: World.Motion, noise: () -> Double) -> [SenMLRecord] {
        func round(_ value: Double, _ digits: Double) -> Double { (value * digits).rounded() / digits }
        return [
            SenMLRecord(name: "lat", unit: "lat", value: .number(round(motion.latitude + 0.00001 * noise(), 1e6))),
            SenMLRecord(name: "lon", unit: "lon", value: .number(round(motion.longitude + 0.00001 * noise(), 1e6))),
            SenMLRecord(name: "speed", unit: "m/s", value: .number(round(max(0, motion.speed), 10))),
            SenMLRecord(name: "shock", unit: "m/s2", value: .number(round(motion.shock + 0.1 * abs(noise()), 100))),
            SenMLRecord(name: "tilt", unit: "deg", value: .number(round(motion.tilt + 0.1 * noise(), 100))),
            SenMLRecord(name: "door", value: .boolean(motion.isDoorOpen)),
            SenMLRecord(name: "battery", unit: "%EL", value: .number(motion.battery)),
        ]
    }
}
