import Ledger

/// What is asked of devices and what became of it: sampling intervals, commands with their outcomes, edge rules,
/// events that gateways saw, and claims by which new devices come in.
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `setInterval` | the device's owner | the device is revoked; 32 of its commands are open |
/// | `command` | the device's owner | the same; the id was used before |
/// | `outcome` | the gateway that the command went to | the command is settled, for each has one outcome |
/// | `rules` | an owner of devices, for their devices at a gateway | the hash is not that of the rules |
/// | `event` | the device's gateway | the device reports through another |
/// | `claim`, `withdrawClaim` | who will own the device | the id was used before; it is spent |
/// | `claimed` | the claim's gateway | the claim is spent or has ended; it is for another device |
///
/// A gateway acts on what is FINAL only, so a command that nobody will ever see on the ledger moves nothing.
public struct DevicesContract: Contract {
    public static let commands = StateMap<CommandRecord>("devices", "commands")
    /// Commands without an outcome, by `<gateway>/<device>/<id>`, with the height at which they were given.
    public static let open = StateMap<UInt64>("devices", "open")
    /// Sampling intervals, by `<device>/<channel>`.
    public static let intervals = StateMap<IntervalRecord>("devices", "intervals")
    /// Edge rules, by `<gateway>/<owner>`.
    public static let rules = StateMap<RulesRecord>("devices", "rules")
    /// The last event of each name, by `<device>/<name>`.
    public static let lastEvents = StateMap<DeviceEventRecord>("devices", "events")
    /// The event by which a gateway tells that two messages under one key had the same number: somebody has a copy of the key.
    public static let clone = "clone"
    public static let claims = StateMap<ClaimRecord>("devices", "claims")

    /// Commands of one device that may wait for their outcome.
    public static let maximumOpen = 32
    /// Arguments, replies and details, bytes.
    public static let maximumArguments = 1024
    /// Edge rules of an owner at a gateway, bytes.
    public static let maximumRules = 16 * 1024
    /// Seconds that a device has to answer.
    public static let timeouts: ClosedRange<UInt64> = 1...86_400
    /// Seconds between two readings.
    public static let sampling: ClosedRange<UInt64> = 1...86_400
    /// What a gateway has to report an outcome after the device's time is over, ms.
    public static let grace: UInt64 = 60_000
    /// How long a claim can be used, ms.
    public static let claimAge: UInt64 = 30 * 24 * 3600 * 1000

    public let name = "devices"
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "setInterval": try setInterval(&arguments, context)
        case "command": try command(&arguments, context)
        case "outcome": try outcome(&arguments, context)
        case "rules": try setRules(&arguments, context)
        case "event": try event(&arguments, context)
        case "claim": try claim(&arguments, context)
        case "withdrawClaim": try withdrawClaim(&arguments, context)
        case "claimed": try claimed(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// The device's and the gateway's time is over and no outcome came.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        let record = try context.require(Self.commands, id, "the command")
        guard record.outcome == nil else { return }
        try settle(id, record, .timeout, Bytes("the gateway did not report".utf8), context)
    }

    public var invariants: [Invariant] {
        [
            Invariant("a command is open exactly while it has no outcome") { state throws(ContractError) in
                var violations: [String] = []
                for (key, record) in try state.scan(Self.commands, limit: 1_000_000) {
                    let isOpen = try state.get(Self.open, "\(record.gateway)/\(key)") != nil
                    if isOpen != (record.outcome == nil) { violations.append("\(key) is open: \(isOpen)") }
                }
                return violations
            }
        ]
    }
}
