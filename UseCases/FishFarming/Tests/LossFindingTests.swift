import FishFarmingGateway
import Testing

/// FISH-12: planted losses, each with what devices, gateway and vet said of the day before.
struct LossFindingTests {
    private static let end = 1_800_000_000_000.0
    private static let hour = 3_600_000.0

    private typealias Sample = LossEvidence.Sample

    /// A day in which the water is in order; a value every ten minutes.
    private func calm() -> LossEvidence {
        var evidence = LossEvidence(time: Self.end, pace: 1, alarm: 2)
        evidence.oxygen = Self.series { _ in 6 }
        evidence.ammonia = Self.series { _ in 0.02 }
        evidence.temperature = Self.series { 26 + $0 / 24 }
        evidence.power = Self.series { _ in 0 }
        evidence.mains = Self.series { _ in 230 }
        evidence.manual = Self.series { _ in 0 }
        return evidence
    }

    /// Values by the hour of the day before the loss, 0 to 24.
    private static func series(_ value: (Double) -> Double) -> [Sample] {
        (0...144).map { Sample(end - 24 * hour + Double($0) * 600_000, value(Double($0) / 6)) }
    }

    /// Oxygen that is gone from the 18th hour on for two hours.
    private func suffocated() -> LossEvidence {
        var evidence = calm()
        evidence.oxygen = Self.series { (18...20).contains($0) ? 0.8 : 6 }
        evidence.told = [(Self.end - 6 * Self.hour, Self.end - 4 * Self.hour)]
        return evidence
    }

    @Test("a power cut, an aerator that fails, one switched by hand, and one too weak are told apart")
    func oxygen() {
        var cut = suffocated()
        cut.mains = Self.series { (17.5...20.5).contains($0) ? 0 : 230 }
        #expect(LossFinding(cut).cause == .powerCut)
        #expect(LossFinding(suffocated()).cause == .aeratorFailure)
        var byHand = suffocated()
        byHand.manual = Self.series { (17...21).contains($0) ? 1 : 0 }
        #expect(LossFinding(byHand).cause == .byHand)
        var weak = suffocated()
        weak.power = Self.series { (17.5...20.5).contains($0) ? 750 : 0 }
        #expect(LossFinding(weak).cause == .oxygen)
    }

    @Test("ammonia, a shock of temperature, medicine and disease")
    func others() {
        var poisoned = calm()
        poisoned.ammonia = Self.series { (10...12).contains($0) ? 0.9 : 0.02 }
        #expect(LossFinding(poisoned).cause == .ammonia)
        var shocked = calm()
        shocked.temperature = Self.series { $0 > 15 ? 19 : 27 }
        #expect(LossFinding(shocked).cause == .temperatureShock)
        var treated = calm()
        treated.medicines = [.init(Self.end - 10 * Self.hour, "formalin")]
        #expect(LossFinding(treated).cause == .medicine)
        var ill = calm()
        ill.diseases = [.init(Self.end - 40 * Self.hour, "streptococcosis", isConfirmed: true)]
        #expect(LossFinding(ill).cause == .disease)
    }

    @Test("what the data do not decide is undetermined, with the reason", arguments: 0..<9)
    func undetermined(_ number: Int) {
        var evidence = calm()
        switch number {
        case 0: break
        case 1:
            // The probe was silent for the half of the day in which it can have happened.
            evidence.oxygen = evidence.oxygen.filter { $0.time < Self.end - 12 * Self.hour }
        case 2:
            // Two causes at once.
            evidence = suffocated()
            evidence.ammonia = Self.series { (10...12).contains($0) ? 0.9 : 0.02 }
        case 3:
            // No power drawn, and nothing says whether there were mains.
            evidence = suffocated()
            evidence.mains = []
        case 4:
            // Mains, no power, and nobody told the aerators to run.
            evidence = suffocated()
            evidence.told = []
        case 5:
            // Aerators said nothing while oxygen fell: a power cut, or their link.
            evidence = suffocated()
            let silence = { (sample: Sample) in
                sample.time < Self.end - 7 * Self.hour || sample.time > Self.end - 3 * Self.hour
            }
            (evidence.power, evidence.mains) = (evidence.power.filter(silence), evidence.mains.filter(silence))
            evidence.manual = evidence.manual.filter(silence)
        case 6: evidence.diseases = [.init(Self.end - Self.hour, "columnaris")]
        case 7:
            // Sick fish were given medicine: which of the two it was is not in the data.
            evidence.diseases = [.init(Self.end - 40 * Self.hour, "columnaris", isConfirmed: true)]
            evidence.medicines = [.init(Self.end - 10 * Self.hour, "formalin")]
        default:
            // They were dying before the medicine.
            evidence.medicines = [.init(Self.end - 10 * Self.hour, "formalin")]
            evidence.deaths = [Self.end - 20 * Self.hour]
        }
        let finding = LossFinding(evidence)
        #expect(finding.cause == nil && !finding.reasons.isEmpty, "\(number): \(finding)")
    }

    @Test("short lows, gaps in a low, and a slow warming are no cause")
    func notEnough() {
        var short = calm()
        short.oxygen = Self.series { $0 == 18 || $0 == 18 + 1.0 / 6 ? 0.8 : 6 }
        #expect(LossFinding(short).cause == nil)
        var interrupted = calm()
        interrupted.oxygen = Self.series { _ in 6 }.filter { abs($0.time - (Self.end - 6 * Self.hour)) > 2 * Self.hour }
        let low = [-7.0, -5.0].map { Sample(Self.end + $0 * Self.hour, 0.8) }
        interrupted.oxygen = (interrupted.oxygen + low).sorted { $0.time < $1.time }
        #expect(LossFinding(interrupted).cause == nil)
        var warm = calm()
        warm.temperature = Self.series { 20 + $0 / 2 }
        #expect(LossFinding(warm).cause == nil)
    }

    @Test("the pond's own time counts")
    func pace() {
        var evidence = suffocated()
        func quick(_ samples: [Sample]) -> [Sample] {
            samples.map { Sample(Self.end - (Self.end - $0.time) / 60, $0.value) }
        }
        evidence.pace = 60
        (evidence.oxygen, evidence.ammonia) = (quick(evidence.oxygen), quick(evidence.ammonia))
        (evidence.temperature, evidence.power) = (quick(evidence.temperature), quick(evidence.power))
        (evidence.mains, evidence.manual) = (quick(evidence.mains), quick(evidence.manual))
        evidence.told = evidence.told.map {
            (Self.end - (Self.end - $0.from) / 60, Self.end - (Self.end - $0.to) / 60)
        }
        #expect(LossFinding(evidence).cause == .aeratorFailure)
    }
}
