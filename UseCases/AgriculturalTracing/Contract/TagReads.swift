import ContractKit

/// What readers of tags saw (TR table 2, tag readers), and where probes are with their calibration.
extension TracingContract {
    /// A gateway says which boxes passed a reader, each once, with the time of its first read. What a reader reads is not always a box
    /// of ours, so codes that nobody commissioned are told and refuse nothing.
    func observe(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.gateway)
        let reader = try arguments.text("reader", maximum: 100)
        let codes = try arguments.texts("boxes", maximum: Self.maximumBoxesPerLeg)
        let times = try arguments.array("times", maximum: Self.maximumBoxesPerLeg)
        _ = try arguments.unsigned("reads", in: 1...1_000_000)
        try arguments.finish()
        try context.requireEntry(MembershipContract.devices, reader, "the reader")
        guard !codes.isEmpty, Set(codes).count == codes.count else {
            throw .invalid("boxes", "at least one product code, each once")
        }
        guard times.count == codes.count, times.allSatisfy({ $0.unsigned != nil }) else {
            throw .invalid("times", "a time for each box, ms since 1970")
        }
        var unknown: UInt64 = 0
        for code in codes {
            let path = try ProductCode(path: code).path
            if try context.get(Self.codes, path) == nil { unknown += 1 }
        }
        if unknown > 0 {
            try context.emit("unknownTags", subject: reader, [("count", .unsigned(unknown))])
        }
    }

    /// A probe's owner says in which plot and how deep it measures, and how long its calibration is good.
    func installProbe(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let device = try arguments.text("device", maximum: 100)
        let probe = Probe(
            plot: try arguments.text("plot"),
            depthMillimetres: try arguments.unsigned("depthMillimetres", in: 0...10_000),
            calibratedAt: try arguments.unsigned("calibratedAt"),
            calibratedUntil: try arguments.unsigned("calibratedUntil"))
        try arguments.finish()
        let record = try context.require(MembershipContract.devices, device, "the device")
        guard record.owner == context.sender.id else {
            throw .notAuthorised("\(device) belongs to \(record.owner)")
        }
        try context.requireEntry(Self.plots, probe.plot, "the plot")
        guard Self.isPast(probe.calibratedAt, context), probe.calibratedAt < probe.calibratedUntil else {
            throw .invalid("calibratedAt", "a time that has passed, before calibratedUntil")
        }
        context.set(Self.probes, device, probe)
    }
}

/// Where a probe measures and how long it may be believed; key: the device.
public struct Probe: StateValue, Hashable {
    public var plot: String
    /// Below the surface.
    public var depthMillimetres: UInt64
    /// ms since 1970.
    public var calibratedAt: UInt64
    public var calibratedUntil: UInt64

    init(plot: String, depthMillimetres: UInt64, calibratedAt: UInt64, calibratedUntil: UInt64) {
        self.plot = plot
        self.depthMillimetres = depthMillimetres
        self.calibratedAt = calibratedAt
        self.calibratedUntil = calibratedUntil
    }

    public init(cbor: Value) throws(ContractError) {
        let fields = try Fields(cbor, "of a probe")
        self.init(
            plot: try fields.text("plot"), depthMillimetres: try fields.number("depthMillimetres"),
            calibratedAt: try fields.number("calibratedAt"), calibratedUntil: try fields.number("calibratedUntil"))
    }

    public var cbor: Value {
        [
            "plot": .text(plot), "depthMillimetres": .unsigned(depthMillimetres),
            "calibratedAt": .unsigned(calibratedAt),
            "calibratedUntil": .unsigned(calibratedUntil),
        ]
    }
}
