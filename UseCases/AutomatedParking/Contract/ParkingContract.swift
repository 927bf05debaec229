import ContractKit

/// Automated parking payment, ISO/IEC TR 30176:2021 clause 6.5: plates as keyed hashes, sessions that authorised devices
/// open and close, bills that anyone can compute again, and payment under the driver's mandate.
///
/// ```
/// register, check ─▶ arrive ─▶ depart ─▶ (bill) ─▶ charge ─▶ paid
///                      │          │                   └─────▶ claimed ─▶ pay, desk
///                      └─ review ─┴─▶ decide             dispute ─▶ decide (refund)
/// ```
/// Operations and when they are refused: UseCases/AutomatedParking/README.md.
public struct ParkingContract: Contract {
    public static let contractName = "parking"

    public static let lots = StateMap<Lot>(contractName, "lots")
    public static let lanes = StateMap<Lane>(contractName, "lanes")
    public static let tariffs = StateMap<PublishedTariff>(contractName, "tariffs")
    public static let plates = StateMap<Plate>(contractName, "plates")
    /// Registered plates by shape: `<shape>/<plate>`.
    public static let shapes = StateMap<UInt64>(contractName, "shapes")
    public static let permits = StateMap<Permit>(contractName, "permits")
    public static let sessions = StateMap<ParkingSession>(contractName, "sessions")
    /// Where a car is: plate to session.
    public static let present = StateMap<String>(contractName, "present")
    /// Pictures that were evidence: each only once. Picture to ledger time.
    public static let images = StateMap<UInt64>(contractName, "images")
    public static let reviews = StateMap<Review>(contractName, "reviews")
    /// Sessions whose wallets are to be asked.
    public static let billed = StateMap<UInt64>(contractName, "billed")
    /// Visitors' stays that are to be paid: `<plate>/<session>`.
    public static let claims = StateMap<UInt64>(contractName, "claims")
    /// Sessions of a driver: `<driver>/<session>`.
    public static let stays = StateMap<UInt64>(contractName, "stays")
    /// Devices' answers to what the gateway told barriers: `<picture>`.
    public static let openings = StateMap<String>(contractName, "openings")

    /// Tags on windscreens, as keyed hashes, to the plates that they stand for.
    public static let tags = StateMap<String>(contractName, "tags")
    /// Devices that somebody has to look after: `<device>`.
    public static let maintenance = StateMap<MaintenanceCall>(contractName, "maintenance")

    public enum Role {
        public static let driver = "driver"
        public static let lotOperator = "parking-operator"
    }

    /// Plates that share a shape, at most.
    public static let maximumCandidates = 20

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        let rules = try ParkingRules(context.parameters)
        switch operation.name {
        case "lot": try lot(&arguments, rules, context)
        case "lane": try lane(&arguments, context)
        case "endLane": try endLane(&arguments, context)
        case "tariff": try tariff(&arguments, rules, context)
        case "permit": try permit(&arguments, context)
        case "register": try register(&arguments, context)
        case "check": try check(&arguments, context)
        case "contest": try contest(&arguments, context)
        case "endPlate": try endPlate(&arguments, context)
        case "arrive": try arrive(&arguments, rules, context)
        case "depart": try depart(&arguments, rules, context)
        case "barrier": try barrier(&arguments, context)
        case "unread": try unread(&arguments, rules, context)
        case "tag": try tag(&arguments, context)
        case "endTag": try endTag(&arguments, context)
        case "maintenance": try maintenance(&arguments, context)
        case "maintained": try maintained(&arguments, context)
        case "charge": try charge(&arguments, rules, context)
        case "pay": try pay(&arguments, context)
        case "desk": try desk(&arguments, context)
        case "dispute": try dispute(&arguments, context)
        case "decide": try decide(&arguments, rules, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// `late <session>`: a car that should have left.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        guard id.hasPrefix("late ") else { return }
        try late(String(id.dropFirst(5)), context)
    }

    enum Refusal {
        static let notAuthorised = ContractError(
            100, "no device of this name is authorised for a lane, or another gateway answers for it")
        static func direction(_ lane: Lane.Direction) -> ContractError {
            ContractError(101, "the lane is an \(lane.rawValue)")
        }
        static let imageSeen = ContractError(102, "this picture was evidence before; an old picture proves nothing")
        static let time = ContractError(103, "the passage is in the future, or too old")
        static let plateTaken = ContractError(
            104, "the plate is registered to another account; contest it, and a person decides")
        static let noTariff = ContractError(105, "the lot has no tariff for this time")
        static func notice(_ milliseconds: UInt64) -> ContractError {
            ContractError(106, "a tariff is published \(milliseconds / 1000) s before it holds, and after the last one")
        }
        static func notPayable(_ stage: ParkingSession.Stage) -> ContractError {
            ContractError(107, "the stay is \(stage.rawValue); there is nothing to pay")
        }
        static func otherAmount(_ amount: UInt64) -> ContractError {
            ContractError(108, "the bill is \(amount); pay exactly that")
        }
        static let decided = ContractError(109, "this was decided; a decision is made once")
        static let noReason = ContractError(110, "the stay cannot be disputed: it was not paid, or it is disputed")
        static let overPaid = ContractError(111, "a refund is at most what was paid")
        static let secondPerson = ContractError(112, "a refund of this size needs a second person's approval")
        static let parked = ContractError(113, "the car is in a lot; end its stay first")
        static let noPlate = ContractError(114, "say which of the candidates it was, or dismiss the case")
        static let repeated = ContractError(115, "this passage is on the ledger")
        static let noTag = ContractError(116, "no account has registered this tag for the plate")
        static let tagTaken = ContractError(117, "the tag stands for another plate; end that first")
        static let noExit = ContractError(119, "no exit was seen; nothing is billed without one")
        static let called = ContractError(118, "somebody was called for this device already")
    }

    // MARK: Keys

    public static func session(_ lot: String, _ number: UInt64) -> String {
        let digits = "\(number)"
        return "\(lot)/\(String(repeating: "0", count: max(0, 8 - digits.utf8.count)))\(digits)"
    }

    /// A name that can be a part of a state key.
    static func identifier(_ name: String, _ argument: String) throws(ContractError) -> String {
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            throw .invalid(argument, "printable ASCII without spaces and slashes")
        }
        return name
    }

    static func lotName(_ key: String) -> String { String(key.prefix { $0 != "/" }) }

    func requireLot(_ key: String, _ context: ContractContext) throws(ContractError) -> Lot {
        try context.require(Self.lots, Self.lotName(key), "the lot")
    }

    func requireOperator(_ lot: Lot, _ context: ContractContext) throws(ContractError) {
        guard context.sender.id == lot.operatorID else {
            throw .notAuthorised("\(lot.name) is run by \(lot.operatorID)")
        }
    }

    /// The tariff that holds for a car that enters at a time; nil before the first.
    public static func tariff(
        of lot: String, count: UInt64, at time: UInt64, in state: any StateReader
    ) throws(ContractError) -> (version: UInt64, tariff: Tariff)? {
        var version = count
        while version > 0 {
            if let published = try state.get(tariffs, "\(lot)/\(version)"), published.from <= time {
                return (version, published.tariff)
            }
            version -= 1
        }
        return nil
    }
}
