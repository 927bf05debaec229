import Foundation

/// A measured value for people: up to `decimals` decimals, none that say nothing, never an exponent.
public func figure(_ value: Double, decimals: Int = 3) -> String {
    value.formatted(
        .number.precision(.fractionLength(0...decimals)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
}
