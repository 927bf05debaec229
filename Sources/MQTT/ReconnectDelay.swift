/// Pauses between attempts to connect: doubled up to the longest, with a random part so that a thousand devices do
/// not come back in the same instant after an outage of the broker.
struct ReconnectDelay {
    private let range: ClosedRange<Double>
    private var current: Double

    init(_ range: ClosedRange<Double>) {
        self.range = range
        current = range.lowerBound
    }

    /// Seconds to wait before the next attempt.
    mutating func next() -> Double {
        defer { current = min(current * 2, range.upperBound) }
        return current * Double.random(in: 0.5...1)
    }

    mutating func reset() { current = range.lowerBound }
}
