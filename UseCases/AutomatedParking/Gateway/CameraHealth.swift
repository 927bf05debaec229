/// How surely a camera reads over time. Pure: confidences in, a call out when they fall.
///
/// The median says it, not the mean: a few plates that are hard to read do not make a lens dirty.
public struct CameraHealth: Sendable {
    /// Reads of a median.
    public static let window = 40
    /// A median so much below the best one is a call, thousandths.
    public static let fall: UInt64 = 50

    public struct Finding: Sendable, Hashable {
        /// Thousandths.
        public var median: UInt64
        public var best: UInt64
    }

    private var latest: [UInt64] = []
    private var best: UInt64 = 0
    private var isCalled = false

    public init() {}

    /// - Parameter confidence: of the weakest character, thousandths.
    public mutating func observe(_ confidence: UInt64) -> Finding? {
        latest.append(confidence)
        if latest.count > Self.window { latest.removeFirst() }
        guard latest.count == Self.window else { return nil }
        let median = latest.sorted()[Self.window / 2]
        best = max(best, median)
        guard median + Self.fall <= best else {
            // Wiped clean: the next fall is another one.
            if median + Self.fall / 2 > best { isCalled = false }
            return nil
        }
        guard !isCalled else { return nil }
        isCalled = true
        return Finding(median: median, best: best)
    }
}
