import AutomatedParkingGateway
import Ledger
import Testing

@Suite("Plates and the two-read rule")
struct PassageTests {
    private static let key = [UInt8](repeating: 7, count: 32)

    @Test("PARK-19: formatting does not count, and nothing else is substituted")
    func normalisation() throws {
        let variants = ["HB CR 2047", "hb-cr-2047", "HB·CR2047", " HB.CR 2047 "]
        let hashes = Set(variants.compactMap { PlateName($0, country: "D")?.hash(Self.key) })
        #expect(hashes.count == 1)
        for (one, other) in [("M AB 1O8", "M AB 108"), ("M AB 8", "M AB B"), ("X I", "X 1"), ("A L1", "A 11")] {
            let (first, second) = (
                try #require(PlateName(one, country: "D")), try #require(PlateName(other, country: "D"))
            )
            #expect(first.hash(Self.key) != second.hash(Self.key), "\(one)")
            #expect(first.shape(Self.key) == second.shape(Self.key), "\(one)")
        }
        let german = try #require(PlateName("W 4711", country: "D"))
        let austrian = try #require(PlateName("W 4711", country: "A"))
        #expect(german.hash(Self.key) != austrian.hash(Self.key))
        #expect(german.shape(Self.key) == austrian.shape(Self.key))
        #expect(PlateName("", country: "D") == nil && PlateName("AB*1", country: "D") == nil)
        #expect(PlateName("ABCDEFGHIJKLM", country: "D") == nil && PlateName("AB1", country: "") == nil)
    }

    private func read(
        _ plate: String, _ confidence: UInt64, at time: UInt64
    ) throws -> PassageDecision.Read {
        let name = try #require(PlateName(plate, country: "D"))
        return .init(
            device: "c", time: time, plate: name.hash(Self.key), shape: name.shape(Self.key),
            image: Hash32.sha256([UInt8(time % 251)]), confidence: confidence, received: time)
    }

    @Test("PARK-5: a sure read stands alone; a weak one waits for a second that agrees; the same car is one passage")
    func twoReads() throws {
        var decision = PassageDecision(sure: 850, agreeing: 650)
        let sure = decision.observe(try read("AB 1", 900, at: 1000))
        #expect(sure.map(\.reads) == [1] && sure.first?.isCertain == true)
        #expect(decision.observe(try read("AB 1", 950, at: 2000)).isEmpty)
        #expect(decision.observe(try read("CD 2", 700, at: 10_000)).isEmpty)
        let agreed = decision.observe(try read("CD 2", 720, at: 10_500))
        #expect(agreed.map(\.reads) == [2] && agreed.first?.isCertain == true && agreed.first?.read.confidence == 700)
        // Two readings that contradict each other: neither is believed.
        #expect(decision.observe(try read("EF O", 800, at: 20_000)).isEmpty)
        let torn = decision.observe(try read("EF 0", 990, at: 20_300))
        #expect(torn.first?.isCertain == false && torn.first?.read.confidence == 0)
        // Nobody saw the rear: a person looks.
        #expect(decision.observe(try read("GH 3", 700, at: 30_000)).isEmpty)
        #expect(decision.tick(31_000).isEmpty)
        #expect(decision.tick(31_600).first?.isCertain == false)
        // Another car right behind: both are told.
        #expect(decision.observe(try read("JK 4", 700, at: 40_000)).isEmpty)
        #expect(decision.observe(try read("XY 7", 990, at: 40_500)).map(\.isCertain) == [false, true])
    }

    @Test("PARK-12: a car on the loop is waited for; one that was read just before or after is no case")
    func loop() {
        func car(_ received: UInt64) -> LoopWatch.Car {
            .init(device: "loop", time: received, image: .sha256(Bytes("\(received)".utf8)), received: received)
        }
        var watch = LoopWatch()
        watch.arrived(car(1000))
        #expect(watch.tick(1000 + LoopWatch.patience - 1) == nil)
        #expect(watch.tick(1000 + LoopWatch.patience) == car(1000))
        #expect(watch.tick(60_000) == nil, "a car is one case")
        watch.arrived(car(60_000))
        watch.read(at: 61_000)
        #expect(watch.tick(70_000) == nil)
        watch.arrived(car(62_000))
        #expect(watch.tick(70_000) == nil, "the read was of this car")
        watch.arrived(car(61_000 + PassageDecision.sameCar))
        #expect(watch.tick(80_000) != nil)
    }

    @Test("PARK-12: a lens that gets dirty calls once; hard plates among good ones do not")
    func health() {
        var health = CameraHealth()
        var calls = 0
        func read(_ confidence: UInt64, _ count: Int) {
            for number in 0..<count where health.observe(number % 5 == 4 ? 600 : confidence) != nil { calls += 1 }
        }
        read(960, 200)
        #expect(calls == 0)
        read(905, 200)
        #expect(calls == 1)
        read(950, 100)
        read(905, 100)
        #expect(calls == 2, "after it was cleaned the next fall is another one")
    }
}
