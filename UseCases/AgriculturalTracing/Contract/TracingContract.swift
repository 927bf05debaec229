import ContractKit

/// Agricultural product tracing, ISO/IEC TR 30176:2021 clause 6.1: from seed to sale, with product codes that live once.
///
/// Operations and when they are refused: UseCases/AgriculturalTracing/README.md.
public struct TracingContract: Contract {
    public static let contractName = "agri"

    public static let farms = StateMap<Farm>(contractName, "farms")
    public static let plots = StateMap<Plot>(contractName, "plots")
    public static let seedLots = StateMap<SeedLot>(contractName, "seedlots")
    public static let harvestLots = StateMap<HarvestLot>(contractName, "lots")
    public static let boxes = StateMap<Box>(contractName, "boxes")
    public static let codes = StateMap<UsedCode>(contractName, "codes")
    public static let legs = StateMap<Leg>(contractName, "legs")
    /// Test reports by their ids, which are used once.
    public static let reports = StateMap<TestReport>(contractName, "reports")
    /// By testing agency.
    public static let accreditations = StateMap<Accreditation>(contractName, "accreditations")
    /// By SSCC.
    public static let pallets = StateMap<Pallet>(contractName, "pallets")
    /// By the signer and the record that is wrong.
    public static let errorDeclarations = StateMap<ErrorDeclaration>(contractName, "errordeclarations")
    /// By recalled lot and holder.
    public static let recallAnswers = StateMap<RecallAnswer>(contractName, "recallanswers")
    /// By device.
    public static let placements = StateMap<Placement>(contractName, "placements")
    /// By device.
    public static let probes = StateMap<Probe>(contractName, "probes")
    /// By certificate.
    public static let certificates = StateMap<Certificate>(contractName, "certificates")
    /// By GTIN.
    public static let brands = StateMap<Brand>(contractName, "brands")
    /// By SHA-256 in hex.
    public static let documents = StateMap<Attachment>(contractName, "documents")
    /// By station and month.
    public static let weather = StateMap<WeatherMonth>(contractName, "weather")
    /// By ISO 3166-1 alpha-2 code.
    public static let markets = StateMap<Market>(contractName, "markets")
    /// Until when, ms since 1970, by supplier and reader.
    public static let scoreReaders = StateMap<UInt64>(contractName, "scorereaders")
    /// Events of partners, by their CBV hash in hex.
    public static let partnerEvents = StateMap<String>(contractName, "partnerevents")

    public enum Role {
        public static let farmer = "farmer"
        public static let laboratory = "laboratory"
        public static let carrier = "carrier"
        public static let seller = "seller"
        public static let partner = "partner"
    }

    /// Most boxes of one transport.
    public static let maximumBoxesPerLeg = 500

    /// Largest document of a partner's event, bytes.
    public static let maximumEventSize = 32 * 1024

    /// Largest canonical text of a partner's event, bytes.
    public static let maximumCanonicalSize = 24 * 1024

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "registerFarm": try registerFarm(&arguments, context)
        case "registerPlot": try registerPlot(&arguments, context)
        case "registerSeedLot": try registerSeedLot(&arguments, context)
        case "recordOperation": try recordOperation(&arguments, context)
        case "harvest": try harvest(&arguments, context)
        case "accredit": try accredit(&arguments, context)
        case "reportTest": try reportTest(&arguments, context)
        case "commission": try commission(&arguments, context)
        case "affix": try affix(&arguments, context)
        case "aggregate": try aggregate(&arguments, context)
        case "disaggregate": try disaggregate(&arguments, context)
        case "dispatch": try dispatch(&arguments, context)
        case "deliver": try deliver(&arguments, context)
        case "receive": try receive(&arguments, context)
        case "weighBox": try weighBox(&arguments, context)
        case "measureArrival": try measureArrival(&arguments, context)
        case "offer": try offer(&arguments, context)
        case "sell": try sell(&arguments, context)
        case "takeBack": try takeBack(&arguments, context)
        case "waste": try waste(&arguments, context)
        case "recall": try recall(&arguments, context)
        case "confirmRecall": try confirmRecall(&arguments, context)
        case "declareError": try declareError(&arguments, context)
        case "placeDevice": try placeDevice(&arguments, context)
        case "store": try store(&arguments, context)
        case "transform": try transform(&arguments, context)
        case "certify": try certify(&arguments, context)
        case "withdrawCertificate": try withdrawCertificate(&arguments, context)
        case "stateBrand": try stateBrand(&arguments, context)
        case "attach": try attach(&arguments, context)
        case "reportSoil": try reportSoil(&arguments, context)
        case "recordWeather": try recordWeather(&arguments, context)
        case "expectGrowth": try expectGrowth(&arguments, context)
        case "setMarket": try setMarket(&arguments, context)
        case "replaceLabel": try replaceLabel(&arguments, context)
        case "shareScore": try shareScore(&arguments, context)
        case "observe": try observe(&arguments, context)
        case "installProbe": try installProbe(&arguments, context)
        case "captureEvent": try captureEvent(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// The only timers are expiries of boxes, by their code.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        guard var box = try context.get(Self.boxes, id), box.stage != .expired, box.expiresAt <= context.time else {
            return
        }
        box.stage = .expired
        context.set(Self.boxes, id, box)
        // CBV 2.0 disposition "expired".
        try context.emit("expired", subject: id, [("disposition", "expired"), ("holder", .text(box.holder))])
    }

    /// An id of a farm, plot, lot, leg or report: printable ASCII without slash or space.
    static func identifier(_ arguments: inout Arguments, _ name: String) throws(ContractError) -> String {
        let id = try arguments.text(name, maximum: 60)
        guard id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
            throw .invalid(name, "printable ASCII without spaces and slashes")
        }
        return id
    }

    static func code(_ arguments: inout Arguments) throws(ContractError) -> String {
        try ProductCode(path: try arguments.text("code")).path
    }

    /// The live box of a code, or the reason why there is none.
    static func liveBox(_ code: String, _ context: ContractContext) throws(ContractError) -> Box {
        if let box = try context.get(boxes, code) { return box }
        guard let used = try context.get(codes, code) else { throw .notFound("the product code \(code)") }
        if let new = used.replacedBy { throw ContractError(140, "the label \(code) was replaced by \(new)") }
        throw ContractError(120, "no such active code: \(code) was sold out in block \(used.soldOutAt ?? 0)")
    }

    /// A box that may be traded: in date, not recalled, its lot not on hold.
    static func requireTradable(_ box: Box, _ code: String, _ context: ContractContext) throws(ContractError) {
        guard box.stage != .expired, box.expiresAt > context.time else {
            throw ContractError(121, "\(code) is out of date since \(box.expiry)")
        }
        let lot = try context.require(harvestLots, box.harvestLot, "the harvest lot")
        if let stop = try stop(of: lot, code, context) { throw stop }
    }

    static func requireHolder(_ box: Box, _ code: String, _ context: ContractContext) throws(ContractError) {
        guard box.holder == context.sender.id else {
            throw .notAuthorised("\(code) is held by \(box.holder), not by \(context.sender.id)")
        }
    }
}
