/// Why fish died, by what signed data show; ``cause`` is nil where they do not decide.
///
/// A cause is named when the data show it by themselves and show no second one. Where a thing can have two reasons, or what
/// would rule it out is missing, nothing is named: an adjuster looks.
public struct LossFinding: Sendable, Hashable {
    public enum Cause: String, Sendable, CaseIterable {
        case oxygen, powerCut, aeratorFailure, byHand, ammonia, temperatureShock, medicine, disease

        public var words: String {
            switch self {
            case .oxygen: "lack of oxygen"
            case .powerCut: "lack of oxygen after a power cut"
            case .aeratorFailure: "lack of oxygen after an aerator failed"
            case .byHand: "lack of oxygen after aeration was switched off by hand"
            case .ammonia: "ammonia"
            case .temperatureShock: "a shock of temperature"
            case .medicine: "medicine"
            case .disease: "disease"
            }
        }
    }

    public let cause: Cause?
    /// What the conclusion rests on, or why there is none; in the order in which it was looked at.
    public let reasons: [String]

    /// Oxygen below the alarm level for so long kills, ms of the pond.
    static let suffocation = 1_800_000.0
    /// Un-ionised ammonia, mg/L, and how long.
    static let poison = 0.6
    static let poisoning = 3_600_000.0
    /// °C within so long.
    static let shock = 6.0
    static let shockWithin = 7_200_000.0
    /// A value counts for so long after it was measured.
    static let holds = 1_800_000.0
    /// Share of the time before the loss in which the water has to be known before anything is ruled out.
    static let known = 0.8
    /// V of mains that are there, and that are not; W of an aerator that runs.
    static let mains = (on: 180.0, off: 100.0)
    static let running = 50.0
    /// How far before a loss a medicine can be its cause, and a finding of a vet; and how long after it.
    static let medicineBefore = 48 * 3_600_000.0
    static let diseaseBefore = 14 * 86_400_000.0
    static let diseaseAfter = 3 * 86_400_000.0

    /// Where the data cannot be looked at.
    public init(undetermined reason: String) {
        cause = nil
        reasons = [reason]
    }

    public init(_ evidence: LossEvidence) {
        var causes: [(Cause, String)] = []
        var doubts: [String] = []
        let low = evidence.longest(evidence.oxygen) { $0 < evidence.alarm }
        if low.length >= Self.suffocation {
            let (cause, why) = Self.aeration(evidence, low.from, low.to)
            if let cause { causes.append((cause, why)) } else { doubts.append(why) }
        }
        let poisoned = evidence.longest(evidence.ammonia) { $0 >= Self.poison }
        if poisoned.length >= Self.poisoning {
            causes.append((.ammonia, "un-ionised ammonia was at or above 0.6 mg/L for an hour or more"))
        }
        if evidence.change(evidence.temperature, within: Self.shockWithin) >= Self.shock {
            causes.append((.temperatureShock, "the water changed by 6 °C or more within two hours"))
        }
        if !causes.isEmpty || !doubts.isEmpty {
            (cause, reasons) = Self.only(causes, doubts)
            return
        }
        let missing = [
            ("oxygen", evidence.oxygen), ("ammonia", evidence.ammonia), ("temperature", evidence.temperature),
        ].filter { evidence.share(of: $0.1) < Self.known }.map(\.0)
        guard missing.isEmpty else {
            (cause, reasons) = (nil, ["\(missing.joined(separator: ", ")): not known for enough of the day before"])
            return
        }
        let suspected = evidence.diseases.filter {
            $0.time >= evidence.time - Self.diseaseBefore / evidence.pace
                && $0.time <= evidence.time + Self.diseaseAfter / evidence.pace
        }
        if let found = suspected.first(where: \.isConfirmed) {
            causes.append((.disease, "a laboratory confirmed \(found.name), and the water was in order"))
        } else if let found = suspected.first {
            doubts.append("a vet suspects \(found.name); no laboratory confirmed it")
        }
        if let given = evidence.medicines.last(where: {
            $0.time <= evidence.time && $0.time >= evidence.time - Self.medicineBefore / evidence.pace
        }) {
            let before = evidence.deaths.contains {
                $0 < given.time && $0 >= given.time - Self.diseaseBefore / evidence.pace
            }
            if suspected.isEmpty, !before {
                causes.append(
                    (.medicine, "\(given.name) was given, no fish had died before it, and the water was in order"))
            } else if !before {
                doubts.append("\(given.name) was given before the loss as well")
            }
        }
        (cause, reasons) = Self.only(causes, doubts)
    }

    private static func only(_ causes: [(Cause, String)], _ doubts: [String]) -> (Cause?, [String]) {
        if causes.count == 1, doubts.isEmpty { return (causes[0].0, [causes[0].1]) }
        let words = causes.map(\.1) + doubts
        return (nil, words.isEmpty ? ["water, medicine and findings of vets show nothing that kills fish"] : words)
    }

    /// Why aeration did not hold the oxygen in a time; nil where what aerators tell can have two reasons.
    private static func aeration(_ evidence: LossEvidence, _ from: Double, _ to: Double) -> (Cause?, String) {
        let low = "oxygen was below the alarm level for half an hour or more"
        func during(_ samples: [LossEvidence.Sample]) -> [Double] {
            samples.filter { $0.time >= from - holds / evidence.pace && $0.time <= to }.map(\.value)
        }
        let (power, mains, byHand) = (during(evidence.power), during(evidence.mains), during(evidence.manual))
        guard evidence.hasAerators else { return (.oxygen, low) }
        func most(_ values: [Double], _ holds: (Double) -> Bool) -> Bool {
            !values.isEmpty && values.filter(holds).count * 2 > values.count
        }
        if most(mains, { $0 < Self.mains.off }) { return (.powerCut, "\(low), and there were no mains") }
        if most(byHand, { $0 > 0 }), most(power, { $0 < running }) {
            return (.byHand, "\(low), and a person had switched the aerators")
        }
        if most(power, { $0 >= running }) { return (.oxygen, "\(low) although aerators ran") }
        if power.isEmpty { return (nil, "\(low); aerators told nothing: a power cut, or their link was away") }
        if most(mains, { $0 > Self.mains.on }), evidence.wasToldToRun(from, to) {
            return (.aeratorFailure, "\(low); aerators were told to run, had mains and drew no power")
        }
        return (nil, "\(low); aerators drew no power, and nothing tells whether mains were there or they were to run")
    }
}
