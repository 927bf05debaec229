/// Decides when a pond's aerators run. Pure: readings and time in, actions out; it needs no platform.
///
/// It starts at the lower level or when the forecast says that the level will be reached, and stops at the upper one,
/// with shortest times, a limit of starts and staggered starting. It checks that an aerator that was told to run draws
/// power and that oxygen stops falling. Without a trustworthy probe it aerates at night by the clock.
public struct AeratorControl: Sendable {
    public struct Settings: Sendable, Hashable {
        /// mg/L.
        public var on = 3.0
        public var off = 5.0
        public var alarm = 2.0
        /// A fall by so much within so long (s) is an alarm, whatever the level.
        public var fall = 2.0
        public var fallWithin = 3600.0
        /// Shortest time on and off, s.
        public var shortest = 600.0
        /// Starts in an hour; at the alarm level the fish come first.
        public var startsPerHour = 4
        /// Between the starts of two aerators, s.
        public var stagger = 5.0
        /// Longest time on at once, unless oxygen is low, s.
        public var longest = 12.0 * 3600
        /// A probe silent for so long is coasting, and for so long at fault, s.
        public var coastAfter = 600.0
        public var staleAfter = 1800.0
        /// A value that stays the same for so long is a fault, s.
        public var frozenAfter = 1800.0
        /// Time for an aerator to draw power and for oxygen to stop falling, s.
        public var checkAfter = 60.0
        public var riseAfter = 600.0
        /// W; what a running aerator draws at least.
        public var leastPower = 50.0
        /// Hours of local time in which it aerates without a probe.
        public var nightFrom = 20.0
        public var nightTo = 7.0
        /// Local time ahead of UTC, s.
        public var utcOffset = 0.0
        public var aerators = 1

        public init() {}
    }

    /// What the probe is worth.
    public enum Trust: String, Sendable, Hashable { case fresh, coasting, fault }

    public enum Action: Sendable, Hashable {
        case set(aerator: Int, isOn: Bool)
        /// Wakes people; each once for an incident.
        case alarm(String)
        case ended(Incident)
    }

    /// What happened, complete when it has ended. Times are the gateway's clock, s since 1970.
    public struct Incident: Sendable, Hashable {
        public var cause: String
        public var reading: Double
        public var lowest: Double
        public var startedAt: Double
        public var command = ""
        public var answer = "none"
        public var answeredAt: Double?
        public var recoveredAt: Double?
        public var endedAt: Double = 0
        public var hasWorked = true
        public var isByHand = false
        var alarms: Set<String> = []
    }

    private struct Aerator {
        var isTold = false
        var power: Double?
        var powerAt = 0.0
        var isManual = false
    }

    public var settings: Settings
    public private(set) var isOn = false
    public private(set) var trust = Trust.fresh
    public private(set) var incident: Incident?
    private var oxygen: Double?
    private var oxygenAt: Double
    private var changedAt: Double
    private var since: Double
    private var starts: [Double] = []
    /// Highest values of the last times, oldest first, for the fall.
    private var course: [(time: Double, oxygen: Double)] = []
    private var fellAt: Double?
    private var aerators: [Aerator]

    /// - Parameter now: the gateway's clock; a probe that never spoke is judged from here, not from 1970.
    public init(_ settings: Settings, now: Double) {
        self.settings = settings
        oxygenAt = now
        changedAt = now
        since = now - settings.shortest
        aerators = Array(repeating: Aerator(), count: max(1, settings.aerators))
    }

    // MARK: What it is told

    /// An oxygen value, mg/L; `isFit` is what the gateway thinks of it.
    public mutating func observe(oxygen value: Double, isFit: Bool, at time: Double) {
        guard isFit, time >= oxygenAt else { return }
        if value != oxygen { changedAt = time }
        oxygen = value
        oxygenAt = time
        course.removeAll { $0.time < time - settings.fallWithin || $0.oxygen <= value }
        course.append((time, value))
        if let lowest = incident?.lowest { incident?.lowest = min(lowest, value) }
    }

    public mutating func observe(power: Double, isManual: Bool, aerator index: Int, at time: Double) {
        guard aerators.indices.contains(index) else { return }
        aerators[index].power = power
        aerators[index].powerAt = time
        aerators[index].isManual = isManual
        if isManual, power < settings.leastPower, incident != nil { incident?.isByHand = true }
    }

    /// The device's answer to a command.
    public mutating func answered(_ words: String, at time: Double) {
        incident?.answer = words
        incident?.answeredAt = time
    }

    // MARK: What it does

    /// - Parameters:
    ///   - hour: of the pond's day, 0 to 24; nil for that of the gateway's clock.
    ///   - expected: lowest oxygen that the forecast's band holds, mg/L; nil without a forecast.
    public mutating func decide(now: Double, hour: Double? = nil, expected: Double? = nil) -> [Action] {
        trust = judgeProbe(now)
        var actions: [Action] = []
        let clock = ((now + settings.utcOffset) / 3600).truncatingRemainder(dividingBy: 24)
        if let (isWanted, cause) = wanted(now, hour ?? clock, expected), isWanted != isOn {
            isOn = isWanted
            since = now
            if isWanted {
                starts = starts.filter { now - $0 < 3600 } + [now]
                if incident == nil { open(cause, now) }
            } else if var ended = incident {
                ended.endedAt = now
                if ended.recoveredAt == nil, trust == .fresh, let oxygen, oxygen > settings.on {
                    ended.recoveredAt = now
                }
                ended.hasWorked = ended.hasWorked || ended.recoveredAt != nil
                actions += setAll(now)
                actions.append(.ended(ended))
                incident = nil
                return actions
            }
        }
        actions += setAll(now)
        check(now, &actions)
        checkFall(&actions)
        return actions
    }

    /// Oxygen that falls fast wakes people before any level is reached; once in a time that it is judged over.
    private mutating func checkFall(_ actions: inout [Action]) {
        guard trust == .fresh, let oxygen, let highest = course.map(\.oxygen).max(), highest - oxygen >= settings.fall,
            fellAt.map({ oxygenAt - $0 >= settings.fallWithin }) ?? true
        else { return }
        fellAt = oxygenAt
        actions.append(.alarm("oxygen falls fast"))
    }

    private mutating func open(_ cause: String, _ now: Double) {
        incident = Incident(
            cause: cause, reading: oxygen ?? 0, lowest: oxygen ?? 0, startedAt: trust == .fresh ? oxygenAt : now,
            command: "start \(aerators.count) aerator\(aerators.count == 1 ? "" : "s")")
    }

    private func judgeProbe(_ now: Double) -> Trust {
        let silence = now - oxygenAt
        // A value that stays is judged by the probe's own times: silence is not standing still.
        if silence >= settings.staleAfter || oxygenAt - changedAt >= settings.frozenAfter { return .fault }
        return silence >= settings.coastAfter ? .coasting : .fresh
    }

    private func wanted(_ now: Double, _ hour: Double, _ expected: Double?) -> (Bool, String)? {
        let stayed = now - since
        switch trust {
        case .fault: return stayed >= settings.shortest ? (isNight(hour), "probe fault: aeration by the clock") : nil
        case .coasting: return nil
        case .fresh: break
        }
        guard let oxygen else { return nil }
        if isOn {
            guard stayed >= settings.shortest else { return nil }
            let isSafe = oxygen >= settings.off || (oxygen > settings.on && stayed >= settings.longest)
            return isSafe && !(expected.map { $0 <= settings.on } ?? false && oxygen < settings.off) ? (false, "") : nil
        }
        guard stayed >= settings.shortest else { return nil }
        let isOpen = starts.filter { now - $0 < 3600 }.count < settings.startsPerHour
        if oxygen <= settings.alarm { return (true, "oxygen below the alarm level") }
        guard isOpen else { return nil }
        if oxygen <= settings.on { return (true, "low oxygen") }
        // Ahead of the limit, and not so early that it would stop again at once.
        if let expected, expected <= settings.on, oxygen < settings.off { return (true, "forecast of low oxygen") }
        return nil
    }

    private func isNight(_ hour: Double) -> Bool { hour >= settings.nightFrom || hour < settings.nightTo }

    private mutating func setAll(_ now: Double) -> [Action] {
        var actions: [Action] = []
        for index in aerators.indices {
            let isDue = isOn && now - since >= Double(index) * settings.stagger
            if aerators[index].isTold != isDue, !(isDue == false && isOn) {
                aerators[index].isTold = isDue
                actions.append(.set(aerator: index, isOn: isDue))
            }
        }
        return actions
    }

    /// Whether the action worked: power flows and oxygen stops falling.
    private mutating func check(_ now: Double, _ actions: inout [Action]) {
        guard isOn, var open = incident else { return }
        func raise(_ word: String) {
            if open.alarms.insert(word).inserted {
                open.hasWorked = false
                actions.append(.alarm(word))
            }
        }
        let running = now - since
        for (index, aerator) in aerators.enumerated() where aerator.isTold && !aerator.isManual {
            let isSeen = aerator.powerAt >= since + Double(index) * settings.stagger
            if running >= settings.checkAfter + Double(index) * settings.stagger,
                !isSeen || aerator.power ?? 0 < settings.leastPower
            {
                raise("aerator \(index + 1) draws no power")
            }
        }
        if trust == .fault { raise("the oxygen probe is at fault; aeration goes by the clock") }
        if trust == .fresh, let oxygen {
            if oxygen > max(settings.on, open.reading), open.recoveredAt == nil { open.recoveredAt = now }
            if running >= settings.riseAfter, oxygen < open.reading - 0.2 { raise("oxygen goes on falling") }
            if oxygen <= settings.alarm { raise("oxygen is below \(settings.alarm) mg/L") }
        }
        incident = open
    }
}
