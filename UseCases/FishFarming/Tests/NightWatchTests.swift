import FishFarmingGateway
import Testing

struct NightWatchTests {
    private static let hour = 3600.0

    /// A pond whose oxygen falls in a line from 21:00 on, minute by minute; hours count from a midnight.
    private func pass(
        _ watch: inout NightWatch, from: Double, to: Double, fall: Double, isAerating: (Double) -> Bool = { _ in false }
    ) -> [(hour: Double, word: NightWatch.Word)] {
        var words: [(hour: Double, word: NightWatch.Word)] = []
        for minute in stride(from: from * 60, to: to * 60, by: 1) {
            let hour = minute / 60
            watch.observe(6 - fall * (hour - 21), at: hour * Self.hour)
            words += watch.pass(hour * Self.hour, isAerating: isAerating(hour), misses: []).map { (hour, $0) }
        }
        return words
    }

    @Test("FISH-20, FISH-21: said once at midnight, with what it lets expect until dawn; told once at dawn")
    func night() throws {
        var watch = NightWatch()
        let words = pass(&watch, from: 20, to: 27, fall: 0.4)
        #expect(words.count == 1)
        let said = try #require(words.first)
        #expect(said.hour >= 24 && said.hour < 24.1)
        guard case .forecast(let night, let expected, let band, let midnight) = said.word else {
            Issue.record("\(said.word)")
            return
        }
        // 4.8 at midnight, and 0.8 of a slope of 0.4 for five hours.
        #expect(night == 1 && abs(midnight - 4.8) < 0.02 && abs(expected - 3.2) < 0.03 && band >= 0.25)
        #expect(watch.expected(27 * Self.hour).map { abs($0 - (expected - band)) < 0.001 } == true)
        let later = pass(&watch, from: 27, to: 40, fall: 0.4)
        #expect(later.map(\.word) == [.dawn(night: 1, measured: 6 - 0.4 * 8, isAerated: false)])
        #expect(watch.expected(30 * Self.hour) == nil, "by day nothing is expected")
    }

    @Test("FISH-20: a night in which the aerator ran is told as such")
    func aerated() {
        var watch = NightWatch()
        let words = pass(&watch, from: 20, to: 30, fall: 0.4) { (26...27).contains($0) }
        guard case .dawn(_, _, let isAerated)? = words.last?.word else {
            Issue.record("\(words)")
            return
        }
        #expect(isAerated)
    }

    @Test("FISH-20: without readings of the evening, or at dawn, nothing is said")
    func gaps() {
        var late = NightWatch()
        #expect(pass(&late, from: 23, to: 30, fall: 0.3).isEmpty)
        var silent = NightWatch()
        #expect(pass(&silent, from: 20, to: 25, fall: 0.3).count == 1)
        #expect(silent.pass(28 * Self.hour, isAerating: false, misses: []).isEmpty)
        #expect(silent.pass(31 * Self.hour, isAerating: false, misses: []).isEmpty)
    }

    @Test("FISH-20: the band follows how far it was off on earlier nights")
    func band() {
        var watch = NightWatch()
        for minute in 0...240 { watch.observe(6 - 0.3 * Double(minute) / 60, at: 20 * Self.hour + Double(minute) * 60) }
        let misses = (0..<10).map { Double($0) / 10 }
        guard case .forecast(_, _, let band, _)? = watch.pass(24 * Self.hour, isAerating: false, misses: misses).first
        else {
            Issue.record("nothing was said")
            return
        }
        #expect(abs(band - 0.8) < 0.001)
    }
}
