import ContractKit

/// A disturbed grid stops trading, and one that is itself again lets it go on.
extension EnergyContract {
    /// The one key of ``disturbance``.
    public static let grid = "grid"

    /// What the measurement unit showed, as the aggregator read it from a signed message; the limits of genesis decide.
    func observe(
        _ arguments: inout Arguments, _ rules: EnergyRules, _ context: ContractContext
    ) throws(ContractError) {
        var state = GridState(
            frequency: try arguments.unsigned("frequency", in: 0...1_000_000),
            lowest: try arguments.unsigned("lowest", in: 0...1_000_000_000),
            highest: try arguments.unsigned("highest", in: 0...1_000_000_000),
            message: try arguments.unsigned("message"))
        try arguments.finish()
        try Self.requireAggregator(rules, context)
        guard let limits = rules.grid else { throw .notFound("a limit of the grid in genesis") }
        guard state.lowest <= state.highest else { throw .invalid("lowest", "no more than the highest") }
        let before = try context.get(Self.disturbance, Self.grid)
        if limits.holds(state) {
            guard before != nil else { return }
            context.remove(Self.disturbance, Self.grid)
            try context.emit("gridRestored", subject: Self.grid, [("message", .unsigned(state.message))])
        } else {
            state.since = before?.since ?? context.time
            context.set(Self.disturbance, Self.grid, state)
            if before == nil {
                try context.emit("gridDisturbed", subject: Self.grid, [("message", .unsigned(state.message))])
            }
        }
    }

    func requireCalmGrid(_ context: ContractContext) throws(ContractError) {
        guard try context.get(Self.disturbance, Self.grid) == nil else { throw Refusal.disturbed }
    }
}
