import ContractKit

/// Financial services for fish farming, ISO/IEC TR 30176:2021 clause 6.2: ponds and their data under consent, loans and
/// insurance decided by signed models on what the ledger holds.
///
/// Operations and when they are refused: UseCases/FishFarming/README.md.
public struct FishFarmingContract: Contract {
    public static let contractName = "fish"
    /// Points of the demonstration; see the wallet.
    public static let currency = "XPT"
    static let day: UInt64 = 86_400_000
    /// How long an offer or a quote stands, ms.
    public static let offerTerm: UInt64 = 7 * day

    public static let farms = StateMap<FarmRecord>(contractName, "farms")
    public static let ponds = StateMap<PondRecord>(contractName, "ponds")
    public static let batches = StateMap<BatchRecord>(contractName, "batches")
    public static let shares = StateMap<ShareRecord>(contractName, "shares")
    public static let orders = StateMap<OrderRecord>(contractName, "orders")
    public static let models = StateMap<Scorecard>(contractName, "models")
    public static let loans = StateMap<ApplicationRecord>(contractName, "loans")
    public static let covers = StateMap<CoverRecord>(contractName, "covers")
    public static let incidents = StateMap<IncidentRecord>(contractName, "incidents")
    public static let choices = StateMap<ChoiceRecord>(contractName, "choices")

    public static let alarms = StateMap<AlarmRecord>(contractName, "alarms")
    public static let neighbours = StateMap<NeighbourRecord>(contractName, "neighbours")
    public static let nights = StateMap<NightRecord>(contractName, "nights")
    public static let findings = StateMap<HealthFinding>(contractName, "findings")
    /// On which water a farm lies: `<farmer>`.
    public static let waters = StateMap<String>(contractName, "waters")
    public static let warnings = StateMap<WaterWarning>(contractName, "warnings")
    public static let prices = StateMap<PriceRecord>(contractName, "prices")
    public static let reports = StateMap<ReportRecord>(contractName, "reports")
    public static let claims = StateMap<LossClaim>(contractName, "claims")
    public static let objections = StateMap<ObjectionRecord>(contractName, "objections")
    public static let assistance = StateMap<AssistanceRecord>(contractName, "assistance")
    /// Names of the terms that a service company and a bank or insurer publish; see `TermsContract`.
    public static let serviceTerms = "service"
    public static let financeTerms = "finance"
    public static let risks = StateMap<RiskRecord>(contractName, "risks")

    public enum Role {
        public static let farmer = "fish-farmer"
        public static let supplier = "fish-supplier"
        public static let vet = "fish-vet"
        /// The company that serves farms, and tells the prices of the market.
        public static let service = "fish-service"
        public static let bank = "bank"
        public static let insurer = "insurer"
        public static let auditor = "loss-adjuster"
        public static let extensionWorker = "extension-worker"
    }

    enum Refusal {
        static let noAgreement = ContractError(
            110, "sign the contract with the service company first; without it no data are collected")
        static let otherTerms = ContractError(111, "the hash is not that of the terms in force; read them again")
        static func unsigned(_ institution: String) -> ContractError {
            ContractError(112, "read and sign the terms of \(institution) first; nothing is shown to it before")
        }
        static func notAllowed(_ kind: DataClass) -> ContractError {
            ContractError(120, "the farmer does not allow \(kind.rawValue) data to be collected")
        }
        static func withdrawn(_ kind: DataClass, _ institution: String) -> ContractError {
            ContractError(
                130,
                "there is no consent for \(institution) to use \(kind.rawValue) data; the farmer withdrew it or never gave it"
            )
        }
        static let order = ContractError(131, "the seller has not confirmed this order")
        static let used = ContractError(132, "this order serves another application already")
        static let payment = ContractError(133, "there is no entrusted payment agreement for this order")
        static let stage = ContractError(134, "this is not open to that any more; look at its state")
        static let overOrder = ContractError(135, "a loan is at most the amount of its order")
        static func feeding(_ oxygen: UInt64) -> ContractError {
            ContractError(
                140,
                "no feeding at \(oxygen / 100).\(oxygen % 100 / 10) mg/L: fish that digest need oxygen; wait for 3.0")
        }
        static let sequence = ContractError(141, "reports follow each other in time and do not overlap")
        static let fish = ContractError(142, "there are not that many fish in the batch")
        static func excluded(_ exclusion: Exclusion) -> ContractError {
            ContractError(144, "the cover pays \(exclusion.words)")
        }
        static let audit = ContractError(143, "an audit pays at most what is left of the sum, once")
    }

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "signAgreement": try signAgreement(&arguments, context)
        case "allow": try allow(&arguments, true, context)
        case "withdraw": try allow(&arguments, false, context)
        case "share": try share(&arguments, context)
        case "endShare": try endShare(&arguments, context)
        case "registerPond": try registerPond(&arguments, context)
        case "stock": try stock(&arguments, context)
        case "confirmFry": try confirmFry(&arguments, context)
        case "recordFeed": try recordFeed(&arguments, context)
        case "requestFeeding": try requestFeeding(&arguments, context)
        case "recordMedicine": try recordMedicine(&arguments, context)
        case "recordDisease": try recordDisease(&arguments, context)
        case "joinWater": try joinWater(&arguments, context)
        case "warnWater": try warnWater(&arguments, context)
        case "recordPrice": try recordPrice(&arguments, context)
        case "recordMortality": try recordMortality(&arguments, context)
        case "weigh": try weigh(&arguments, context)
        case "harvest": try harvest(&arguments, context)
        case "reportWater": try reportWater(&arguments, context)
        case "reportIncident": try reportIncident(&arguments, context)
        case "nameNeighbour": try nameNeighbour(&arguments, context)
        case "raiseAlarm": try raiseAlarm(&arguments, context)
        case "acknowledge": try acknowledge(&arguments, context)
        case "reportRisk": try reportRisk(&arguments, context)
        case "riskDone": try riskDone(&arguments, context)
        case "measureRisk": try measureRisk(&arguments, context)
        case "forecastNight": try forecastNight(&arguments, context)
        case "tellDawn": try tellDawn(&arguments, context)
        case "correct": try correct(&arguments, context)
        case "assist": try assist(&arguments, context)
        case "say": try say(&arguments, context)
        case "answerObjection": try answerObjection(&arguments, context)
        case "claim": try claim(&arguments, context)
        case "declineClaim": try declineClaim(&arguments, context)
        case "choose": try choose(&arguments, context)
        case "publishModel": try publishModel(&arguments, context)
        case "order": try order(&arguments, context)
        case "confirmOrder": try confirmOrder(&arguments, context)
        case "entrust": try entrust(&arguments, context)
        case "apply": try apply(&arguments, context)
        case "decide": try decide(&arguments, context)
        case "accept": try accept(&arguments, context)
        case "repay": try repay(&arguments, context)
        case "object": try object(&arguments, context)
        case "requestCover": try requestCover(&arguments, context)
        case "quote": try quote(&arguments, context)
        case "bind": try bind(&arguments, context)
        case "payAudit": try payAudit(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// Offers and quotes that nobody took, covers whose time is over, and alarms and objections that nobody answered.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        if id.hasPrefix("offer ") {
            try offerEnds(String(id.dropFirst(6)), context)
        } else if id.hasPrefix("cover ") {
            try coverEnds(String(id.dropFirst(6)), context)
        } else if id.hasPrefix("alarm ") {
            try escalate(String(id.dropFirst(6)), context)
        } else if id.hasPrefix("objection ") {
            try objectionDue(String(id.dropFirst(10)), context)
        }
    }

    // MARK: Names and rights

    /// An id: letters, digits, dash, underscore and dot, so that it can be part of a key.
    static func identifier(_ arguments: inout Arguments, _ name: String) throws(ContractError) -> String {
        let id = try arguments.text(name, maximum: 60)
        guard
            id.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [0x2D, 0x2E, 0x5F].contains(byte)
            })
        else { throw .invalid(name, "letters, digits, -, _ and .") }
        return id
    }

    func ownFarm(_ context: ContractContext) throws(ContractError) -> FarmRecord {
        try context.requireRole(Role.farmer)
        guard let farm = try context.get(Self.farms, context.sender.id) else { throw Refusal.noAgreement }
        return farm
    }

    /// The farm of a pond's or batch's owner, where this class of data may be collected.
    func farm(
        of owner: String, collecting kind: DataClass, _ context: ContractContext
    ) throws(ContractError) -> FarmRecord {
        guard let farm = try context.get(Self.farms, owner) else { throw Refusal.noAgreement }
        guard farm.classes.contains(kind.rawValue) else { throw Refusal.notAllowed(kind) }
        return farm
    }

    func ownBatch(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError)
        -> (id: String, batch: BatchRecord)
    {
        let id = try arguments.text("batch", maximum: 60)
        let batch = try context.require(Self.batches, id, "the batch")
        guard batch.owner == context.sender.id else {
            throw .notAuthorised("the batch \(id) belongs to \(batch.owner)")
        }
        return (id, batch)
    }

    /// Refuses unless the farmer lets the institution use every class of data that a model looks at.
    func requireConsent(
        _ farmer: String, to institution: String, for model: Scorecard, _ context: ContractContext
    ) throws(ContractError) -> FarmRecord {
        guard let farm = try context.get(Self.farms, farmer) else { throw Refusal.noAgreement }
        let share = try context.get(Self.shares, "\(farmer)/\(institution)")
        for kind in model.classes {
            guard let share, share.isLive(at: context.time), share.classes.contains(kind.rawValue),
                farm.classes.contains(kind.rawValue)
            else { throw Refusal.withdrawn(kind, institution) }
        }
        return farm
    }
}
