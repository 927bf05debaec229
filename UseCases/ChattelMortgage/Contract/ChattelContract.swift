import ContractKit

/// Chattel mortgage, ISO/IEC TR 30176:2021 clause 6.3: receipts for goods that sensors see, and loans on them.
///
/// Operations, who may call them and when they are refused: UseCases/ChattelMortgage/README.md.
public struct ChattelContract: Contract {
    public static let contractName = "chattel"

    public static let sites = StateMap<MonitoredSite>(contractName, "sites")
    /// What sensors see, by `<site>/<bay>`.
    public static let bays = StateMap<BayRecord>(contractName, "bays")
    public static let lots = StateMap<Lot>(contractName, "lots")
    /// Lots of a site, by `<site>/<lot>`, with the bay.
    public static let lotsAt = StateMap<String>(contractName, "lotsat")
    public static let receipts = StateMap<WarehouseReceipt>(contractName, "receipts")
    /// The loan that a receipt secures. That there is none is proven by the state tree: nothing lies under the receipt.
    public static let pledges = StateMap<String>(contractName, "pledges")
    /// What goods were seen or pledged as, by hash; see ``Fingerprint``.
    public static let fingerprints = StateMap<FingerprintRecord>(contractName, "fingerprints")
    /// Where an identity tag was seen last: `<site>/<bay>`.
    public static let identities = StateMap<String>(contractName, "identities")
    /// By `<lot>/<number>`.
    public static let alarms = StateMap<Alarm>(contractName, "alarms")
    public static let applications = StateMap<LoanApplication>(contractName, "applications")
    public static let policies = StateMap<BankPolicy>(contractName, "policies")
    public static let loans = StateMap<Loan>(contractName, "loans")
    /// Loans on goods of a kind, by `<kind>/<loan>`.
    public static let loansOn = StateMap<UInt64>(contractName, "loanson")
    /// What a bank has lent to an enterprise, minor units, by `<bank>/<enterprise>`.
    public static let exposures = StateMap<UInt64>(contractName, "exposures")
    public static let prices = StateMap<Price>(contractName, "prices")
    public static let notices = StateMap<Notice>(contractName, "notices")
    /// What laws want in a notice; see ``Jurisdiction``.
    public static let jurisdictions = StateMap<Jurisdiction>(contractName, "jurisdictions")
    /// Notices by what they name: `<field>/<normal form>/<number>`.
    public static let noticeTerms = StateMap<String>(contractName, "noticeterms")
    public static let certificates = StateMap<SearchCertificate>(contractName, "certificates")
    /// The next number of a series: notices, certificates.
    public static let series = StateMap<UInt64>(contractName, "series")

    public enum Role {
        public static let enterprise = "enterprise"
        /// A person of an enterprise who may send what another has prepared.
        public static let approver = "approver"
        public static let bank = "bank"
        public static let monitor = "monitor"
        public static let inspector = "inspector"
        public static let priceSource = "price-source"
    }

    /// Most receipts in one application, and tags of one lot.
    public static let maximumItems = 50
    /// Largest weight, grams: a million tonnes.
    public static let maximumGrams: UInt64 = 1_000_000_000_000
    /// How far scale and declaration may differ, thousandths.
    public static let weightTolerance: UInt64 = 5
    /// Age of a measurement that a receipt may still be issued on, ms.
    public static let measurementAge: UInt64 = 24 * 3600 * 1000
    /// Age of a price that may still be lent on, ms.
    public static let priceAge: UInt64 = 24 * 3600 * 1000
    /// Blocks after which a status report is stale, unless genesis says otherwise (`reportAge`).
    public static let reportAge: UInt64 = 500

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "registerSite": try registerSite(&arguments, context)
        case "sensed": try sensed(&arguments, context)
        case "blind": try blind(&arguments, context)
        case "transit": try transit(&arguments, context)
        case "closeAlarm": try closeAlarm(&arguments, context)
        case "declare": try declare(&arguments, context)
        case "inspect": try inspect(&arguments, context)
        case "requestCount": try requestCount(&arguments, context)
        case "handOver": try handOver(&arguments, context)
        case "takeOver": try takeOver(&arguments, context)
        case "registerOutside": try registerOutside(&arguments, context)
        case "issueReceipt": try issueReceipt(&arguments, context)
        case "split": try split(&arguments, context)
        case "merge": try merge(&arguments, context)
        case "release": try release(&arguments, context)
        default: try executeTitle(operation.name, &arguments, context)
        }
    }

    private func executeTitle(
        _ name: String, _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) {
        switch name {
        case "nominate": try nominate(&arguments, context)
        case "transferBeneficiary": try transferBeneficiary(&arguments, context)
        case "transferHolder": try transferHolder(&arguments, context)
        case "transferOwners": try transferOwners(&arguments, context)
        case "rejectBeneficiary":
            try reject(&arguments, context) { title throws(ContractError) in
                try title.rejectBeneficiary(by: context.sender.id)
            }
        case "rejectHolder":
            try reject(&arguments, context) { title throws(ContractError) in
                try title.rejectHolder(by: context.sender.id)
            }
        case "rejectOwners":
            try reject(&arguments, context) { title throws(ContractError) in
                try title.rejectOwners(by: context.sender.id)
            }
        case "surrender": try surrender(&arguments, context)
        case "restore": try restore(&arguments, context)
        case "cancel": try cancel(&arguments, context)
        default: try executeLoan(name, &arguments, context)
        }
    }

    private func executeLoan(
        _ name: String, _ arguments: inout Arguments, _ context: ContractContext
    ) throws(ContractError) {
        switch name {
        case "draft": try draft(&arguments, context)
        case "submit": try submit(&arguments, context)
        case "withdraw": try withdraw(&arguments, context)
        case "consent": try consent(&arguments, context)
        case "authorise": try authorise(&arguments, context)
        case "report": try report(&arguments, context)
        case "message": try message(&arguments, context)
        case "look": try look(&arguments, context)
        case "setPolicy": try setPolicy(&arguments, context)
        case "decide": try decide(&arguments, context)
        case "price": try price(&arguments, context)
        case "repay": try repay(&arguments, context)
        case "topUp": try topUp(&arguments, context)
        case "proposeSwap": try proposeSwap(&arguments, context)
        case "acceptSwap": try acceptSwap(&arguments, context)
        case "enforce": try enforce(&arguments, context)
        case "bid": try bid(&arguments, context)
        case "sell": try sell(&arguments, context)
        case "registerNotice": try registerNotice(&arguments, context)
        case "setJurisdiction": try setJurisdiction(&arguments, context)
        case "amendNotice": try amendNotice(&arguments, context)
        case "renewNotice": try renewNotice(&arguments, context)
        case "dischargeNotice": try dischargeNotice(&arguments, context)
        case "search": try search(&arguments, context)
        default: throw .unknownOperation(name)
        }
    }

    /// Cure periods and maturities that end, and goods that nobody took over.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        if id.hasPrefix("cure ") || id.hasPrefix("due ") {
            try fallsDue(String(id.drop { $0 != " " }.dropFirst()), context)
        } else if id.hasPrefix("count ") {
            try countOverdue(String(id.dropFirst(6)), context)
        } else if id.hasPrefix("gap ") {
            try custodyGap(String(id.dropFirst(4)), context)
        }
    }

    /// Printable ASCII without slash or space.
    static func identifier(_ arguments: inout Arguments, _ name: String) throws(ContractError) -> String {
        try identifier(try arguments.text(name, maximum: 60), name)
    }

    static func identifier(_ id: String, _ name: String) throws(ContractError) -> String {
        guard !id.isEmpty, id.utf8.count <= 60, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
            throw .invalid(name, "printable ASCII without spaces and slashes, at most 60")
        }
        return id
    }

    /// The next number of a series, from 1.
    static func next(_ name: String, _ context: ContractContext) throws(ContractError) -> UInt64 {
        let number = try (try context.get(series, name) ?? 0).adding(1)
        context.set(series, name, number)
        return number
    }
}
