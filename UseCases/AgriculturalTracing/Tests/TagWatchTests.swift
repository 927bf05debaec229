import Testing

@testable import AgriculturalTracingGateway

struct TagWatchTests {
    /// AGR-3: 500 reads of a pallet with 30 % duplicates.
    @Test func aPalletIsReadOnce() throws {
        var watch = TagWatch()
        let boxes = (0..<350).map { "01/04012345000016/10/L/21/\($0)" }
        // A deterministic shuffle: 350 and 150 of them again.
        let reads = (0..<500).map { boxes[($0 * 149) % 350] }
        for (index, code) in reads.enumerated() {
            let full = watch.read(code, at: 1000 + Double(index) / 100, now: 1000)
            #expect(full == nil)
        }
        let early = watch.ended(by: 1000.5)
        #expect(early == nil)
        let ended = watch.ended(by: 1001)
        let pass = try #require(ended)
        #expect(pass.boxes.count == 350 && pass.reads == 500)
        #expect(Set(pass.boxes.map(\.code)).count == 350)
        #expect(pass.boxes.allSatisfy { box in box.time == 1000 + Double(reads.firstIndex(of: box.code) ?? -1) / 100 })
        let more = watch.ended(by: 2000)
        #expect(more == nil)
    }

    @Test func aBoxThatComesBackLaterPassesAnew() {
        var watch = TagWatch()
        _ = watch.read("a", at: 0, now: 0)
        // Heard again and again it is the same pass, however long it stands there.
        for second in 1...30 { _ = watch.read("a", at: Double(second), now: Double(second)) }
        let first = watch.ended(by: 31)
        #expect(first?.boxes.map(\.code) == ["a"])
        _ = watch.read("a", at: 30 + TagWatch.window - 1, now: 40)
        let none = watch.ended(by: 50)
        #expect(none == nil)
        _ = watch.read("a", at: 60, now: 60)
        let second = watch.ended(by: 61)
        #expect(second?.boxes.map(\.time) == [60])
    }

    @Test func aReaderThatIsNeverQuietFillsNoMemory() {
        var watch = TagWatch()
        for number in 0..<(3 * TagWatch.maximumKnown) {
            _ = watch.read("\(number)", at: Double(number) / 10_000, now: Double(number) / 10_000)
        }
        #expect(watch.lastRead.count <= TagWatch.maximumKnown)
    }

    @Test func aFullPassIsToldAtOnce() {
        var watch = TagWatch()
        let passes = (0..<1200).compactMap { watch.read("\($0)", at: 0, now: 0) }
        #expect(passes.map(\.boxes.count) == [500, 500])
        let rest = watch.ended(by: 1)
        #expect(rest?.boxes.count == 200)
    }
}
