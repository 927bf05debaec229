import ChattelMortgageSimulator
import Testing

@testable import ChattelMortgageService

@Suite("Edge analysis: change becomes one event, limits are passed once")
struct AnalysisTests {
    @Test("CHAT-2: two hundred readings of one removal are one finding, within 3 s")
    func oneEvent() throws {
        var analysis = BayAnalysis()
        var sequence: UInt64 = 0
        var findings: [(BayAnalysis.Finding, Double)] = []
        func feed(_ weight: Double, _ count: Int, at time: Double) {
            sequence += 1
            let readings: [(String, [String: Double], String?)] = [
                ("scale", ["weight": weight], nil),
                ("contour", ["length": Double((count + 7) / 8), "width": 4, "height": 0.62], nil),
                ("identity", ["count": Double(count)], (0..<count).map { "T\($0)" }.joined(separator: ",")),
            ]
            for (role, numbers, tags) in readings {
                let finding = analysis.observe(
                    role, device: "urn:dev:ops:32473-\(role)-N.A1", sequence: sequence, time: time, numbers: numbers,
                    tags: tags)
                if let finding { findings.append((finding, time)) }
            }
        }
        for step in 0..<40 { feed(100_000 + Double(step % 5), 40, at: 1000 + Double(step) / 20) }
        #expect(findings.count == 1, "goods that were there already are told once")
        findings = []
        // A fork-lift takes 2.5 t away while the scale is read 100 times a second.
        for step in 0..<200 {
            let share = min(1, Double(step) / 80)
            feed(100_000 - 2500 * share, share < 1 ? 40 : 39, at: 1100 + Double(step) / 100)
        }
        #expect(findings.count == 1)
        let (finding, time) = try #require(findings.first)
        #expect(finding.count == 39 && abs(finding.weight - 97_500) <= BayAnalysis.tolerance)
        #expect(time - 1100 < 3)
        #expect(finding.devices.count == 3)
    }

    @Test("A contour that was read before the goods came to rest is not taken for theirs, and a wrong one is told anew")
    func readings() {
        var analysis = BayAnalysis()
        func feed(_ role: String, _ numbers: [String: Double], at time: Double) -> BayAnalysis.Finding? {
            analysis.observe(role, device: role, sequence: UInt64(time * 10), time: time, numbers: numbers, tags: "")
        }
        let none = ["length": 0.0, "width": 0, "height": 0]
        let goods = ["length": 5.0, "width": 4, "height": 0.62]
        #expect(feed("scale", ["weight": 0], at: 1) == nil)
        #expect(feed("contour", none, at: 1.1) == nil)
        #expect(feed("identity", ["count": 0], at: 1.2) == nil)
        // Goods come in between two rounds of the sensors, and the scale is read twice before the scanner.
        #expect(feed("scale", ["weight": 100_000], at: 1.5) == nil)
        #expect(feed("scale", ["weight": 100_000], at: 2) == nil)
        #expect(feed("contour", goods, at: 2.1) == nil)
        #expect(feed("identity", ["count": 40], at: 2.2)?.length == 5)
        #expect(feed("contour", goods, at: 3.1) == nil)
        // Goods of the same weight and another shape are a change, too.
        #expect(feed("contour", ["length": 6, "width": 4, "height": 0.62], at: 4.1) == nil)
        #expect(feed("scale", ["weight": 100_000], at: 4.5) == nil)
        #expect(feed("identity", ["count": 40], at: 4.6)?.length == 6)
    }

    @Test("CHAT-15, CHAT-24: corridor, shock, tilt and door are told once each, again after they were in order")
    func limits() {
        var limits = TransitAnalysis.Limits()
        limits.route = GoodsAnalysis.route
        var analysis = TransitAnalysis(limits)
        func kinds(_ numbers: [String: Double], door: Bool = false, at time: Double) -> [String] {
            analysis.observe(numbers, isDoorOpen: door, time: time).map(\.kind)
        }
        let onRoad = ["lat": 53.5380, "lon": 10.0068, "speed": 14, "shock": 0.4, "tilt": 0.5]
        let away = onRoad.merging(["lat": 53.5600]) { $1 }
        #expect(kinds(onRoad, at: 0) == [])
        #expect(kinds(away, at: 1) == ["route"])
        #expect(kinds(away, at: 2) == [])
        #expect(kinds(onRoad, at: 3) == [])
        #expect(kinds(away, at: 4) == ["route"])
        #expect(kinds(onRoad.merging(["shock": 31]) { $1 }, at: 5) == ["shock"])
        #expect(kinds(onRoad.merging(["tilt": -16]) { $1 }, at: 6) == ["tilt"])
        #expect(kinds(onRoad, door: true, at: 7) == ["door"])
        let standing = onRoad.merging(["speed": 0]) { $1 }
        #expect(kinds(standing, at: 8) == [] && kinds(standing, at: 909) == ["stop"])
    }

    @Test("CHAT-24: what was kept in a tunnel of 20 min is judged by its own time, in order, none lost")
    func tunnel() {
        var limits = TransitAnalysis.Limits()
        limits.route = GoodsAnalysis.route
        var analysis = TransitAnalysis(limits)
        // 1,200 readings arrive at once; the truck was struck in the middle.
        let findings = (0..<1200).flatMap { second in
            analysis.observe(
                ["lat": 53.5380, "lon": 10.0068, "speed": 14, "shock": second == 600 ? 40 : 0.4, "tilt": 0],
                isDoorOpen: false, time: 5000 + Double(second))
        }
        #expect(findings.map(\.kind) == ["shock"])
        #expect(findings.first?.time == 5600)
    }

    @Test("The world: what a stack weighs and how large it is")
    func world() throws {
        let world = World()
        world.put((1...24).map { .copper(tag: "T\($0)") }, in: "N.A1")
        let stack = world.stack(in: "N.A1")
        #expect(stack.mass == 60_000)
        #expect(stack.box.length == 3 && stack.box.width == 4 && abs(stack.box.height - 0.62) < 1e-9)
        #expect(world.take(4, from: "N.A1").map(\.tag) == ["T21", "T22", "T23", "T24"])
        let sensor = try Sensor(.scale, site: "N", bay: "A1")
        #expect(Sensor(sensor.urn) == sensor)
    }
}
