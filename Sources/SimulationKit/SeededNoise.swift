import Foundation

/// Noise that depends on seed, device, quantity and number of the reading alone: the same simulation gives the same
/// values, in whatever order its devices get to run.
public struct SeededNoise: Sendable {
    private let base: UInt64

    public init(seed: UInt64, device: String) {
        // FNV-1a: Swift's own hashing differs from process to process.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in device.utf8 { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01B3 }
        base = hash ^ seed &* 0x9E37_79B9_7F4A_7C15
    }

    /// Evenly distributed in 0..<1.
    public func uniform(_ quantity: UInt64, _ number: UInt64) -> Double {
        var mixed = base &+ quantity &* 0xD1B5_4A32_D192_ED03 &+ number &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) / 9_007_199_254_740_992
    }

    /// Normally distributed (Box and Muller) with this standard deviation.
    public func normal(_ deviation: Double, _ quantity: UInt64, _ number: UInt64) -> Double {
        let (first, second) = (uniform(quantity &* 2, number), uniform(quantity &* 2 &+ 1, number))
        return deviation * (-2 * log(1 - first)).squareRoot() * cos(2 * .pi * second)
    }
}
