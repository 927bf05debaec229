import SenML
import Testing

/// A generator with a seed, so that a failure can be replayed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Mutated packs")
struct SenMLFuzzTests {
    private static let seeds: [[UInt8]] = [
        Array(#"[{"bn":"urn:dev:ow:1:","bt":1276020076.001,"bu":"A","bver":5,"n":"v","u":"V","v":1.2e1}]"#.utf8),
        Array(#"[{"n":"a","vs":"\u00e9\ud83d\ude00","x":{"y":[true,null]}},{"n":"b","vd":"aGkgCg","ut":4}]"#.utf8),
        [
            0x81, 0xA3, 0x21, 0x62, 0x61, 0x3A, 0x00, 0x61, 0x61, 0x02, 0xFB, 0x40, 0x38, 0x4E, 0x63, 0xC7, 0x4F, 0xB5,
            0x4A,
        ],
        [0x9F, 0xBF, 0x00, 0x61, 0x61, 0x02, 0xC4, 0x82, 0x20, 0x18, 0xEB, 0xFF, 0xFF],
    ]

    @Test("Never crash, and what is read writes and reads back", arguments: [1 as UInt64, 2, 3, 4])
    func mutations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for round in 0..<20_000 {
            var octets = Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&octets, &generator) }
            guard let pack = try? SenMLPack(decoding: octets), (try? pack.resolve(now: 1_700_000_000)) != nil
            else { continue }
            accepted += 1
            #expect(try SenMLPack(json: try pack.json()) == pack, "seed \(seed), round \(round)")
            #expect(try SenMLPack(cbor: try pack.cbor()) == pack, "seed \(seed), round \(round)")
        }
        #expect(accepted > 100, "seed \(seed): too few mutants stay valid to say anything")
    }

    private func mutate(_ octets: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !octets.isEmpty else { return octets.append(UInt8.random(in: 0...255, using: &generator)) }
        let place = Int.random(in: 0..<octets.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: octets[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: octets[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: octets.remove(at: place)
        case 3: octets.insert(octets[Int.random(in: 0..<octets.count, using: &generator)], at: place)
        default: octets.removeSubrange(place..<min(octets.count, place + 3))
        }
    }
}
