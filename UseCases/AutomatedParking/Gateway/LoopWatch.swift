import Ledger

/// A loop in the road of one lane. Pure: cars and reads in, cars that nobody could read out.
public struct LoopWatch: Sendable {
    /// A car on a loop.
    public struct Car: Sendable, Hashable {
        public var device: String
        /// ms since 1970, the device's clock.
        public var time: UInt64
        /// SHA-256 of the device's name and the number of its message.
        public var image: Hash32
        /// When the gateway had it, ms since 1970.
        public var received: UInt64

        public init(device: String, time: UInt64, image: Hash32, received: UInt64) {
            self.device = device
            self.time = time
            self.image = image
            self.received = received
        }
    }

    /// Longest wait for a camera or a reader, ms; longer than the wait for a second read.
    public static let patience: UInt64 = 3000

    private var waiting: Car?
    private var lastRead: UInt64?

    public init() {}

    /// A car comes onto the loop. Where it has been read just before, there is nothing to wait for.
    public mutating func arrived(_ car: Car) {
        if let lastRead, car.received < lastRead + PassageDecision.sameCar { return }
        waiting = waiting ?? car
    }

    /// Some device of the lane has read a plate or a tag.
    public mutating func read(at received: UInt64) {
        lastRead = received
        waiting = nil
    }

    /// - Parameter now: ms since 1970.
    public mutating func tick(_ now: UInt64) -> Car? {
        guard let car = waiting, now >= car.received + Self.patience else { return nil }
        waiting = nil
        return car
    }
}
