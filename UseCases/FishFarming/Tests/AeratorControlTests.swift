import FishFarmingGateway
import FishFarmingSimulator
import Testing

struct AeratorControlTests {
    /// 2026-11-24T00:00:00Z; hours of the day are those of UTC.
    private static let midnight = 1_795_478_400.0

    private struct Night {
        var control: AeratorControl
        var model = PondModel(oxygen: 5.5)
        var isRunning = false
        var isBroken = false
        var isFrozen = false
        var starts: [Double] = []
        var alarms: [(time: Double, words: String)] = []
        var incidents: [AeratorControl.Incident] = []
        var lowest = 99.0
        var time: Double

        init(_ settings: AeratorControl.Settings = .init(), hour: Double) {
            time = AeratorControlTests.midnight + hour * 3600
            control = AeratorControl(settings, now: time)
        }

        /// Minute by minute, with a reading each.
        mutating func pass(minutes: Int, expected: Double? = nil, reading: ((Double) -> Double?)? = nil) {
            var frozen: Double?
            for _ in 0..<minutes {
                model.running = isRunning && !isBroken ? 1 : 0
                let hour = ((time - AeratorControlTests.midnight) / 3600).truncatingRemainder(dividingBy: 24)
                model.advance(hour: hour < 0 ? hour + 24 : hour, seconds: 60)
                time += 60
                lowest = min(lowest, model.oxygen)
                if isFrozen { frozen = frozen ?? model.oxygen }
                let value = reading.map { $0(model.oxygen) } ?? (frozen ?? model.oxygen)
                if let value { control.observe(oxygen: value, isFit: true, at: time) }
                control.observe(power: isRunning && !isBroken ? 750 : 0, isManual: false, aerator: 0, at: time)
                for action in control.decide(now: time, expected: expected) {
                    switch action {
                    case .set(_, let isOn):
                        isRunning = isOn
                        if isOn { starts.append(time) }
                    case .alarm(let words): alarms.append((time, words))
                    case .ended(let incident): incidents.append(incident)
                    }
                }
            }
        }
    }

    /// FISH-2, FISH-43: around the level there is no chatter, and oxygen stays up.
    @Test func hysteresis() {
        var night = Night(hour: 20)
        night.pass(minutes: 12 * 60)
        #expect((1...4).contains(night.starts.count), "\(night.starts.count) starts")
        for (a, b) in zip(night.starts, night.starts.dropFirst()) { #expect(b - a >= 1200) }
        #expect(night.lowest > 2.7, "lowest \(night.lowest)")
        #expect(night.incidents.allSatisfy { $0.hasWorked && $0.recoveredAt != nil })
    }

    /// FISH-2: whatever the values do, starts are limited and both states last their shortest time.
    @Test func limits() {
        var settings = AeratorControl.Settings()
        settings.shortest = 60
        var night = Night(settings, hour: 0)
        var isHigh = false
        night.pass(minutes: 600) { _ in
            isHigh.toggle()
            return isHigh ? 9 : 2.5
        }
        for start in night.starts {
            #expect(night.starts.filter { (start...start + 3599).contains($0) }.count <= settings.startsPerHour)
        }
    }

    /// FISH-21: it starts ahead when the forecast says so, and the limit is never reached.
    @Test func ahead() {
        var night = Night(hour: 0)
        night.model.oxygen = 4.2
        night.pass(minutes: 6 * 60, expected: 2.4)
        #expect(night.starts.first.map { $0 - Self.midnight < 120 } == true)
        #expect(night.lowest > 3.0, "lowest \(night.lowest)")
    }

    /// FISH-21: a dead aerator is found by its power within ten minutes, and the incident says that the remedy failed.
    @Test func deadAerator() {
        var night = Night(hour: 2)
        night.isBroken = true
        night.model.oxygen = 2.9
        night.pass(minutes: 30)
        let found = night.alarms.first { $0.words.contains("no power") }
        #expect(found.map { $0.time - Self.midnight - 2 * 3600 <= 600 } == true, "\(night.alarms)")
        #expect(night.alarms.filter { $0.words.contains("no power") }.count == 1, "people are woken once")
        #expect(night.control.incident?.hasWorked == false)
    }

    /// FISH-21: an aerator is judged from its start: however long the gateway has run, it gets its time to draw power.
    @Test func stallFromStart() {
        var control = AeratorControl(.init(), now: Self.midnight)
        for minute in 0..<300 {
            control.observe(oxygen: 4, isFit: minute % 2 == 0, at: Self.midnight + Double(minute) * 60)
            control.observe(oxygen: 4.1, isFit: true, at: Self.midnight + Double(minute) * 60 + 30)
            control.observe(power: 0, isManual: false, aerator: 0, at: Self.midnight + Double(minute) * 60)
            #expect(control.decide(now: Self.midnight + Double(minute) * 60 + 31) == [])
        }
        let start = Self.midnight + 300 * 60
        control.observe(oxygen: 2.9, isFit: true, at: start)
        #expect(control.decide(now: start) == [.set(aerator: 0, isOn: true)])
        // The motor takes half a minute; the value from before the start says nothing.
        #expect(control.decide(now: start + 30) == [])
        control.observe(power: 750, isManual: false, aerator: 0, at: start + 40)
        #expect(control.decide(now: start + 61) == [])
        #expect(control.incident?.hasWorked == true)
    }

    /// FISH-3: a probe that freezes at dusk becomes a fault, with alarm and aeration by the clock; by day it rests.
    @Test func frozenProbe() {
        var night = Night(hour: 19.5)
        night.isFrozen = true
        night.pass(minutes: 40)
        #expect(night.control.trust == .fault)
        #expect(night.isRunning && night.alarms.contains { $0.words.contains("probe") })
        night.pass(minutes: 14 * 60)
        #expect(!night.isRunning, "not by day")
        night.isFrozen = false
        night.pass(minutes: 5)
        #expect(night.control.trust == .fresh)
    }

    /// FISH-3: fresh, coasting, fault. A probe that is only late changes nothing yet.
    @Test(arguments: [(9.0, AeratorControl.Trust.fresh), (15, .coasting), (31, .fault)])
    func silence(minutes: Double, trust: AeratorControl.Trust) {
        var control = AeratorControl(.init(), now: Self.midnight)
        control.observe(oxygen: 6, isFit: true, at: Self.midnight)
        _ = control.decide(now: Self.midnight + minutes * 60)
        #expect(control.trust == trust)
    }

    /// Values that the gateway marked are no grounds for anything.
    @Test func unfit() {
        var control = AeratorControl(.init(), now: Self.midnight)
        control.observe(oxygen: 6, isFit: true, at: Self.midnight + 1)
        control.observe(oxygen: 0, isFit: false, at: Self.midnight + 2)
        #expect(control.decide(now: Self.midnight + 3) == [])
    }

    /// FISH-2: several aerators start one after the other.
    @Test func staggered() {
        var settings = AeratorControl.Settings()
        settings.aerators = 3
        var control = AeratorControl(settings, now: Self.midnight)
        control.observe(oxygen: 2.5, isFit: true, at: Self.midnight)
        #expect(control.decide(now: Self.midnight + 1) == [.set(aerator: 0, isOn: true)])
        #expect(control.decide(now: Self.midnight + 3) == [])
        #expect(control.decide(now: Self.midnight + 6) == [.set(aerator: 1, isOn: true)])
        #expect(control.decide(now: Self.midnight + 12) == [.set(aerator: 2, isOn: true)])
    }

    /// FISH-44: one record of an incident, with cause, reading, command, answer, recovery and end.
    @Test func incident() throws {
        var night = Night(hour: 1)
        night.model.oxygen = 2.9
        night.pass(minutes: 2)
        night.control.answered(#"{"ok":true}"#, at: night.time)
        night.pass(minutes: 6 * 60)
        let incident = try #require(night.incidents.first)
        #expect(
            incident.cause == "low oxygen" && incident.answer.contains("true") && incident.command.hasPrefix("start"))
        #expect(incident.answeredAt != nil && incident.recoveredAt != nil && incident.endedAt > incident.startedAt)
        #expect(incident.lowest <= incident.reading && incident.hasWorked)
    }

    @Test("FISH-19: oxygen that falls fast is an alarm above every level, once")
    func fallsFast() {
        var settings = AeratorControl.Settings()
        settings.fall = 1.5
        var control = AeratorControl(settings, now: Self.midnight)
        var alarms: [String] = []
        func pass(_ oxygen: Double, _ minute: Double) {
            control.observe(oxygen: oxygen, isFit: true, at: Self.midnight + minute * 60)
            for case .alarm(let words) in control.decide(now: Self.midnight + minute * 60) { alarms.append(words) }
        }
        // 1.2 mg/L in an hour is a night; 1.6 in half of one is not.
        for minute in 0...60 { pass(9.0 - 0.02 * Double(minute), Double(minute)) }
        #expect(alarms.isEmpty)
        for minute in 1...30 { pass(7.8 - 1.6 / 30 * Double(minute), 60 + Double(minute)) }
        #expect(alarms == ["oxygen falls fast"])
    }
}
