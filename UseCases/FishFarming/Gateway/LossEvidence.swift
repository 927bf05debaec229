/// What signed data say of the time before a loss. Times are ms since 1970.
public struct LossEvidence: Sendable {
    public struct Sample: Sendable, Hashable {
        public let time: Double
        public let value: Double

        public init(_ time: Double, _ value: Double) {
            self.time = time
            self.value = value
        }
    }

    /// A medicine that was given, or what a vet found.
    public struct Event: Sendable, Hashable {
        public let time: Double
        public let name: String
        public let isConfirmed: Bool

        public init(_ time: Double, _ name: String, isConfirmed: Bool = false) {
            self.time = time
            self.name = name
            self.isConfirmed = isConfirmed
        }
    }

    /// How far back the water is looked at, ms of the pond.
    public static let span = 86_400_000.0

    /// When the loss was told, and seconds of the pond in one.
    public var time: Double
    public var pace: Double
    /// Oxygen at which the pond's alarm rings, mg/L.
    public var alarm: Double
    public var hasAerators = true
    /// Values fit for contracts, oldest first: mg/L, un-ionised mg/L, °C; W, V and switched by hand of aerators.
    public var oxygen: [Sample] = []
    public var ammonia: [Sample] = []
    public var temperature: [Sample] = []
    public var power: [Sample] = []
    public var mains: [Sample] = []
    public var manual: [Sample] = []
    /// When the gateway told aerators to run, from and to.
    public var told: [(from: Double, to: Double)] = []
    public var medicines: [Event] = []
    public var diseases: [Event] = []
    /// When fish were told dead, this loss apart.
    public var deaths: [Double] = []

    public init(time: Double, pace: Double, alarm: Double) {
        self.time = time
        self.pace = max(1, pace)
        self.alarm = alarm
    }

    /// The longest stretch in which all values hold, in the pond's time, with no longer gap than a value counts for.
    func longest(
        _ samples: [Sample], _ holds: (Double) -> Bool
    ) -> (length: Double, from: Double, to: Double) {
        var best = (length: 0.0, from: 0.0, to: 0.0)
        var from: Double?
        var last: Double?
        for sample in samples {
            if let before = last, (sample.time - before) * pace > LossFinding.holds { from = nil }
            if holds(sample.value) {
                let begun = from ?? sample.time
                from = begun
                if (sample.time - begun) * pace > best.length {
                    best = ((sample.time - begun) * pace, begun, sample.time)
                }
            } else {
                from = nil
            }
            last = sample.time
        }
        return best
    }

    /// The largest change within a time of the pond.
    func change(_ samples: [Sample], within span: Double) -> Double {
        var largest = 0.0
        var first = 0
        for (index, sample) in samples.enumerated() {
            while (sample.time - samples[first].time) * pace > span { first += 1 }
            for earlier in samples[first...index] { largest = max(largest, abs(sample.value - earlier.value)) }
        }
        return largest
    }

    /// Share of the day before the loss in which a value is known.
    func share(of samples: [Sample]) -> Double {
        let begin = time - Self.span / pace
        var covered = 0.0
        var until = begin
        for sample in samples where sample.time >= begin && sample.time <= time {
            let end = min(time, sample.time + LossFinding.holds / pace)
            covered += max(0, end - max(until, sample.time))
            until = max(until, end)
        }
        return covered / (Self.span / pace)
    }

    func wasToldToRun(_ from: Double, _ to: Double) -> Bool { told.contains { $0.from <= to && $0.to >= from } }
}
