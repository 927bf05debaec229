import Foundation
import TestSupport
import Testing

@testable import FieldInputs

/// Frames of IEEE C37.118.2-2011, annex D, as iicsys/pypmu's tests have them (BSD-3-Clause), read in place.
@Suite("Frames of phasor measurement units")
struct SynchrophasorTests {
    private static func frames() throws -> [String: [UInt8]]? {
        guard let folder = Vectors.locate("energy/c37118", cases: 5) else { return nil }
        let json = try Vectors.json(folder.appending(path: "frames.json"))
        return (json["frames"] as? [String: String] ?? [:]).mapValues { text in
            stride(from: 0, to: text.utf8.count, by: 2).compactMap { index in
                UInt8(text.dropFirst(index).prefix(2), radix: 16)
            }
        }
    }

    @Test("NRG-2: five frames are read with their check sequences, and each changed octet is refused")
    func outsideFrames() throws {
        guard let frames = try Self.frames() else { return }
        #expect(frames.count == 5)
        for (name, octets) in frames {
            let frame = try SynchrophasorFrame(octets)
            #expect(frame.id == 7734 && frame.seconds >= 1_149_577_200, "\(name)")
            for index in octets.indices {
                var changed = octets
                changed[index] ^= 1
                #expect(throws: FieldInputError.self) { try SynchrophasorFrame(changed) }
            }
        }
        #expect(try SynchrophasorFrame(frames["command_start"] ?? []).kind == .command)
        #expect(try SynchrophasorFrame(frames["header"] ?? []).kind == .header)
    }

    @Test("NRG-2: values of configuration 2 and data, also of two units in a frame")
    func values() throws {
        guard let frames = try Self.frames() else { return }
        let first = try SynchrophasorFrame(frames["cfg2"] ?? [])
        #expect(first.seconds == 1_149_577_200 && first.fraction == 463_000)
        let configuration = try SynchrophasorConfiguration(first)
        #expect(configuration.timeBase == 1_000_000 && configuration.rate == 30)
        let unit = try #require(configuration.units.first)
        #expect(configuration.units.count == 1 && unit.station == "Station A" && unit.id == 7734)
        #expect(unit.phasors.map(\.name) == ["VA", "VB", "VC", "I1"])
        #expect(unit.phasors.map(\.isVoltage) == [true, true, true, false])
        #expect(unit.phasors.map(\.scale) == [9.15527, 9.15527, 9.15527, 0.45776])
        #expect(unit.analogs == ["ANALOG1", "ANALOG2", "ANALOG3"] && unit.digitals.count == 16)
        #expect(unit.nominal == 60 && unit.changes == 22)

        let data = try SynchrophasorFrame(frames["data"] ?? [])
        let reading = try #require(try SynchrophasorReading.all(in: data, configuration).first)
        #expect(reading.isGood && reading.time == 1_149_580_800.016817)
        #expect(reading.frequency == 62.5 && reading.change == 0)
        #expect(reading.analogs == [100, 1000, 10_000] && reading.digitals == [0x3C12])
        let phasors = reading.phasors.map { [$0.real / $0.channel.scale, $0.imaginary / $0.channel.scale] }
        for (found, expected) in zip(
            phasors, [[14_635, 0], [-7318, -12_676], [-7318, 12_675], [1092, 0]] as [[Double]])
        {
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        #expect(Int(reading.phasors[0].magnitude) == 133_987)
        let records = reading.records(urn: "urn:dev:ops:32473-pmu")
        #expect(records.map(\.name) == ["frequency", "change", "voltageLow", "voltageHigh"])

        // A frame of another configuration is not taken for one of this; with its own it is two readings.
        let two = try SynchrophasorFrame(frames["data_2pmu"] ?? [])
        #expect(throws: FieldInputError.self) { try SynchrophasorReading.all(in: two, configuration) }
        let both = try SynchrophasorReading.all(
            in: two, SynchrophasorConfiguration(SynchrophasorFrame(Self.twice(frames["cfg2"] ?? []))))
        #expect(
            both.count == 2 && both.map(\.frequency) == [62.5, 62.5] && both.map(\.digitals) == [[0x3C12], [0x3C12]])
        #expect(throws: FieldInputError.self) { try SynchrophasorConfiguration(data) }
    }

    /// A configuration of one unit as one of two that are alike.
    private static func twice(_ octets: [UInt8]) -> [UInt8] {
        var made = octets[..<18] + [0, 2]
        for _ in 0..<2 { made += octets[20..<(octets.count - 4)] }
        made += octets[(octets.count - 4)..<(octets.count - 2)]
        let size = made.count + 2
        (made[2], made[3]) = (UInt8(size >> 8), UInt8(size & 0xFF))
        let check = SynchrophasorFrame.check(made)
        return Array(made) + [UInt8(check >> 8), UInt8(check & 0xFF)]
    }

    @Test("A command is the frame that the standard shows, and whatever comes is a frame or an error")
    func others() throws {
        let command = SynchrophasorFrame.command(.start, to: 7734, at: 1_149_580_800)
        let frame = try SynchrophasorFrame(command)
        #expect(frame.kind == .command && frame.body == [0, 2] && command.count == 18)
        guard let frames = try Self.frames(), let start = frames["cfg2"] else { return }
        var random = SeededGenerator.fresh()
        for _ in 0..<2000 {
            var octets = start
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                octets[Int.random(in: 4..<octets.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let size = octets.count
            let check = SynchrophasorFrame.check(octets[..<(size - 2)])
            (octets[size - 2], octets[size - 1]) = (UInt8(check >> 8), UInt8(check & 0xFF))
            guard let changed = try? SynchrophasorFrame(octets) else { continue }
            _ = try? SynchrophasorConfiguration(changed)
        }
    }
}
