import DeviceKit

/// A value as rules see it.
public struct RuleReading: Sendable, Hashable {
    public var device: String
    public var profile: String
    public var owner: String
    public var quantity: String
    public var value: Double
    /// The device's time, seconds since 1970.
    public var time: Double

    public init(device: String, profile: String, owner: String, quantity: String, value: Double, time: Double) {
        self.device = device
        self.profile = profile
        self.owner = owner
        self.quantity = quantity
        self.value = value
        self.time = time
    }
}

/// An action that a rule asks for, with what led to it.
public struct RuleAction: Sendable, Hashable {
    public var rule: String
    public var owner: String
    public var action: EdgeRule.Action
    public var reading: RuleReading
    /// Whether the rule began to hold; false when it ceased.
    public var holds: Bool
}

/// The edge rules of all owners with their memory. Pure: (state, reading, now) → actions.
///
/// The memory lives as long as the process. After a restart a rule that holds says so again.
public struct RuleBook: Sendable {
    /// Rules × devices that are remembered; a stranger cannot fill the memory, for only enrolled devices get here.
    public static let maximumMemories = 20_000

    private struct Key: Hashable {
        var owner: String
        var rule: String
        var device: String
    }

    private struct Memory {
        var holds: Bool?
        /// When it last began or ceased to hold.
        var since: Double = 0
        var value: Double
        var time: Double
        var unchangedSince: Double
    }

    private var sets: [String: RuleSet] = [:]
    private var memories: [Key: Memory] = [:]

    public init() {}

    /// Puts an owner's rules in force; the memory of a changed set is forgotten.
    public mutating func set(_ rules: RuleSet?, of owner: String) {
        guard sets[owner] != rules else { return }
        sets[owner] = rules
        memories = memories.filter { $0.key.owner != owner }
    }

    /// What follows from a reading.
    ///
    /// - Parameter now: the gateway's clock, seconds since 1970.
    public mutating func evaluate(_ reading: RuleReading, now: Double) -> [RuleAction] {
        guard let set = sets[reading.owner] else { return [] }
        var actions: [RuleAction] = []
        for rule in set.rules where rule.quantity == reading.quantity && rule.speaks(of: reading) {
            actions += evaluate(rule, reading, now: now)
        }
        return actions
    }

    private mutating func evaluate(_ rule: EdgeRule, _ reading: RuleReading, now: Double) -> [RuleAction] {
        let key = Key(owner: reading.owner, rule: rule.id, device: reading.device)
        let known = memories[key]
        if known == nil && memories.count >= Self.maximumMemories { return [] }
        var memory =
            known ?? Memory(value: reading.value, time: reading.time, unchangedSince: reading.time)
        // A value older than the last says nothing about now.
        if known != nil && reading.time < memory.time { return [] }
        let holds = rule.condition.holds(
            reading, before: known.map { ($0.value, $0.time) }, unchangedSince: memory.unchangedSince,
            heldBefore: memory.holds, since: memory.since, now: now)
        if reading.value != memory.value { memory.unchangedSince = reading.time }
        memory.value = reading.value
        memory.time = reading.time
        let hasChanged = memory.holds != holds && (holds || memory.holds != nil)
        if memory.holds != holds {
            memory.holds = holds
            memory.since = reading.time
        }
        memories[key] = memory
        func action(_ action: EdgeRule.Action) -> RuleAction {
            RuleAction(rule: rule.id, owner: reading.owner, action: action, reading: reading, holds: holds)
        }
        var actions: [RuleAction] = []
        for item in holds ? rule.then : rule.otherwise {
            if case .mark = item { actions.append(action(item)) } else if hasChanged { actions.append(action(item)) }
        }
        return actions
    }
}

extension EdgeRule {
    func speaks(of reading: RuleReading) -> Bool {
        switch devices {
        case .urn(let urn): urn == reading.device
        case .profile(let profile): profile == reading.profile
        }
    }
}

extension EdgeRule.Condition {
    /// Whether the condition holds with this reading.
    fileprivate func holds(
        _ reading: RuleReading, before: (value: Double, time: Double)?, unchangedSince: Double, heldBefore: Bool?,
        since: Double, now: Double
    ) -> Bool {
        switch self {
        case .above(let level): return reading.value > level
        case .below(let level): return reading.value < level
        case .hysteresis(let on, let off, let minimumOn, let minimumOff):
            let isLowRule = on < off
            let entered = isLowRule ? reading.value <= on : reading.value >= on
            let left = isLowRule ? reading.value >= off : reading.value <= off
            guard let heldBefore else { return entered }
            let stayed = reading.time - since
            if heldBefore { return !(left && stayed >= minimumOn) }
            return entered && stayed >= minimumOff
        case .rate(let perSecond, let tolerance):
            guard let before, reading.time > before.time else { return false }
            return abs(reading.value - before.value) > tolerance + perSecond * (reading.time - before.time)
        case .frozen(let seconds):
            guard let before, before.value == reading.value else { return false }
            return reading.time - unchangedSince >= seconds
        case .calibrationAge(let calibrated, let seconds): return now - calibrated > seconds
        }
    }
}
