import Ledger

/// The two-read rule of one lane. Pure: reads and time in, decided passages out.
///
/// A read whose weakest character is sure enough stands alone. A weaker one waits for a second: two that agree are as good.
/// What stays weak, or disagrees, goes to a person. Further reads of the same car are the same passage.
public struct PassageDecision: Sendable {
    public struct Read: Sendable, Hashable {
        public var device: String
        /// ms since 1970, the device's clock.
        public var time: UInt64
        public var plate: Hash32
        public var shape: Hash32
        public var image: Hash32
        /// Of the weakest character, thousandths.
        public var confidence: UInt64
        /// When the gateway had it, ms since 1970.
        public var received: UInt64
        /// Keyed hash of the tag that stands for the plate, where that was read.
        public var tag: Hash32?

        public init(
            device: String, time: UInt64, plate: Hash32, shape: Hash32, image: Hash32, confidence: UInt64,
            received: UInt64, tag: Hash32? = nil
        ) {
            self.device = device
            self.time = time
            self.plate = plate
            self.shape = shape
            self.image = image
            self.confidence = confidence
            self.received = received
            self.tag = tag
        }
    }

    public struct Decided: Sendable, Hashable {
        public var read: Read
        public var reads: UInt64
        /// Whether the plate is certain enough to act on.
        public var isCertain: Bool
    }

    /// Longest wait for a second read, ms.
    public static let patience: UInt64 = 1500
    /// Reads of the same shape so soon after are the same car, ms.
    public static let sameCar: UInt64 = 5000

    private let sure: UInt64
    private let agreeing: UInt64
    private var waiting: Read?
    private var last: Read?

    public init(sure: UInt64, agreeing: UInt64) {
        self.sure = sure
        self.agreeing = agreeing
    }

    public mutating func observe(_ read: Read) -> [Decided] {
        if let last, last.shape == read.shape, read.received < last.received + Self.sameCar { return [] }
        guard let first = waiting else {
            if read.confidence >= sure { return [decide(read, reads: 1)] }
            waiting = read
            return []
        }
        waiting = nil
        if first.plate == read.plate {
            var both = read
            both.confidence = min(first.confidence, read.confidence)
            if max(first.confidence, read.confidence) >= sure {
                both.confidence = max(first.confidence, read.confidence)
            }
            return [decide(both, reads: 2)]
        }
        // Reads of different cars: the first one stays weak. Two readings of one car: neither is believed.
        if first.shape != read.shape {
            return [decide(first, reads: 1)] + observe(read)
        }
        var unclear = read
        unclear.confidence = 0
        return [decide(unclear, reads: 2)]
    }

    /// - Parameter now: ms since 1970.
    public mutating func tick(_ now: UInt64) -> [Decided] {
        guard let first = waiting, now >= first.received + Self.patience else { return [] }
        waiting = nil
        return [decide(first, reads: 1)]
    }

    private mutating func decide(_ read: Read, reads: UInt64) -> Decided {
        last = read
        return Decided(read: read, reads: reads, isCertain: read.confidence >= (reads > 1 ? agreeing : sure))
    }
}
