import Foundation

/// A truck's readings against its route and the goods' limits: one finding when a limit is passed, none while it stays so.
public struct TransitAnalysis: Sendable {
    /// What the goods and the route allow.
    public struct Limits: Sendable, Hashable {
        /// Largest acceleration, m/s².
        public var shock = 25.0
        /// Largest angle off the vertical, degrees.
        public var tilt = 15.0
        /// Half the width of the corridor, m.
        public var corridor = 500.0
        /// Longest stop outside the ends of the route, seconds.
        public var stop = 900.0
        /// The planned way: latitude and longitude, degrees; empty for a truck that has none.
        public var route: [Point] = []

        public init() {}
    }

    public struct Point: Sendable, Hashable {
        public var latitude: Double
        public var longitude: Double

        public init(_ latitude: Double, _ longitude: Double) {
            self.latitude = latitude
            self.longitude = longitude
        }
    }

    /// A limit that was passed; values in m, cm/s², hundredths of a degree, s, or 1 for a door.
    public struct Finding: Sendable, Hashable {
        public var kind: String
        public var value: UInt64
        public var limit: UInt64
        public var time: Double
    }

    /// Mean radius of the Earth (IUGG), m.
    private static let earth = 6_371_008.8

    private let limits: Limits
    private var beyond: Set<String> = []
    private var standingSince: Double?

    public init(_ limits: Limits) {
        self.limits = limits
    }

    /// A reading in the order of its device's sequence numbers, so that what was kept in a tunnel is judged by its own time.
    public mutating func observe(_ numbers: [String: Double], isDoorOpen: Bool, time: Double) -> [Finding] {
        var findings: [Finding] = []
        func judge(_ kind: String, _ isBeyond: Bool, _ value: Double, _ limit: Double) {
            guard isBeyond else {
                beyond.remove(kind)
                return
            }
            guard beyond.insert(kind).inserted else { return }
            findings.append(
                Finding(kind: kind, value: UInt64(max(0, value)), limit: UInt64(max(0, limit)), time: time))
        }
        if let shock = numbers["shock"] { judge("shock", shock > limits.shock, shock * 100, limits.shock * 100) }
        if let tilt = numbers["tilt"] { judge("tilt", abs(tilt) > limits.tilt, abs(tilt) * 100, limits.tilt * 100) }
        if let latitude = numbers["lat"], let longitude = numbers["lon"], limits.route.count > 1 {
            let away = distance(Point(latitude, longitude))
            judge("route", away > limits.corridor, away, limits.corridor)
        }
        if let speed = numbers["speed"] {
            standingSince = speed < 0.5 ? standingSince ?? time : nil
            let stood = standingSince.map { time - $0 } ?? 0
            judge("stop", stood > limits.stop && !limits.route.isEmpty, stood, limits.stop)
            judge("door", isDoorOpen && speed >= 0.5, 1, 0)
        }
        return findings
    }

    /// Metres from a point to the route, on the plane that touches the Earth there; good to 0.1 % over tens of kilometres.
    func distance(_ point: Point) -> Double {
        let scale = Self.earth * .pi / 180
        let narrowing = cos(point.latitude * .pi / 180)
        let path = limits.route.map {
            (($0.longitude - point.longitude) * scale * narrowing, ($0.latitude - point.latitude) * scale)
        }
        return zip(path, path.dropFirst()).map { start, end in
            let (x, y) = (end.0 - start.0, end.1 - start.1)
            let length = x * x + y * y
            let share = length == 0 ? 0 : min(1, max(0, -(start.0 * x + start.1 * y) / length))
            return hypot(start.0 + share * x, start.1 + share * y)
        }.min() ?? 0
    }
}
