import Foundation

/// The vertical axis of a chart: a range with round ends that is divided evenly.
struct ChartScale: Equatable {
    /// Ends of the axis.
    let lower: Double
    let upper: Double
    /// Values of the ticks from the upper end to the lower.
    let ticks: [Double]

    /// An axis that holds all `values` with three to six ticks at multiples of 1, 2 or 5 times a power of ten.
    init(holding values: [Double]) {
        let lowest = values.min() ?? 0
        let highest = values.max() ?? 1
        // A flat line still needs an axis around it.
        let span = max(highest - lowest, abs(highest) * 0.02, 1e-9)
        let step = Self.roundStep(span / 4)
        let first = (lowest / step).rounded(.down)
        let last = max((highest / step).rounded(.up), first + 2)
        lower = first * step
        upper = last * step
        ticks = stride(from: last, through: first, by: -1).map { $0 * step }
    }

    /// Distance of `value` from the upper end, as a share of the axis between 0 and 1.
    func depth(of value: Double) -> Double { (upper - value) / (upper - lower) }

    /// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
    private static func roundStep(_ least: Double) -> Double {
        let power = pow(10, floor(log10(least)))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= least * 0.999_999 } ?? 10
        return factor * power
    }
}
