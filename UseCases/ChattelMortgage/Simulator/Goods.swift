import Foundation

/// A bundle of goods as it stands in the world, whatever anybody says of it.
public struct Bundle: Sendable, Hashable, Codable {
    /// Its identity tag.
    public var tag: String
    /// Mass, kg.
    public var mass: Double
    /// Sides, m.
    public var length: Double
    public var width: Double
    public var height: Double

    public init(tag: String, mass: Double, length: Double, width: Double, height: Double) {
        self.tag = tag
        self.mass = mass
        self.length = length
        self.width = width
        self.height = height
    }

    /// A bundle of copper cathodes: 2.5 t, 8,065 kg/m³ as it is stacked.
    public static func copper(tag: String) -> Bundle {
        Bundle(tag: tag, mass: 2500, length: 1, width: 1, height: 0.31)
    }

    /// The same to look at, and hollow: what a scale alone would find by its weight, and a contour alone would not.
    public static func hollow(tag: String) -> Bundle {
        Bundle(tag: tag, mass: 1100, length: 1, width: 1, height: 0.31)
    }
}

/// Goods in one bay, stacked four wide and two high, in rows.
public struct Stack: Sendable, Hashable, Codable {
    private static let wide = 4
    private static let high = 2

    public var bundles: [Bundle] = []

    public init(_ bundles: [Bundle] = []) {
        self.bundles = bundles
    }

    /// kg.
    public var mass: Double { bundles.reduce(0) { $0 + $1.mass } }

    /// Bounding box as a contour scanner sees it, m.
    public var box: (length: Double, width: Double, height: Double) {
        guard let first = bundles.first else { return (0, 0, 0) }
        let count = bundles.count
        let rows = (count + Self.wide * Self.high - 1) / (Self.wide * Self.high)
        let layers = min(Self.high, (count + Self.wide - 1) / Self.wide)
        return (
            Double(rows) * first.length, Double(min(count, Self.wide)) * first.width, Double(layers) * first.height
        )
    }
}
