import Ledger
import TestSupport
import Testing

struct CBORTests {
    /// Examples of RFC 8949 appendix A that this subset covers.
    @Test(arguments: [
        "00", "17", "1818", "1903e8", "1a000f4240", "1b000000e8d4a51000", "1bffffffffffffffff", "20", "3903e7",
        "3bffffffffffffffff", "f90000", "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff", "fa47c35000",
        "fa7f7fffff", "fb7e37e43c8800759c", "f90001", "f90400", "f9c400", "f97c00", "f97e00", "f4", "f5", "f6",
        "c11a514b67b0", "40", "4401020304", "60", "6449455446", "62c3bc", "80", "83010203", "8301820203820405", "a0",
        "a201020304", "a26161016162820203",
    ])
    func roundTrip(hex: String) throws {
        let bytes = try #require(Bytes(hex: hex))
        #expect(try CBOR.decode(bytes).encoded() == bytes)
    }

    @Test(arguments: [
        "1817", "190018", "1a00000018", "1b0000000000000018",  // longer heads than needed
        "5f42010243030405ff", "9fff", "bfff",  // indefinite lengths
        "a2020101 02".replacing(" ", with: ""), "a201020103",  // keys out of order, repeated
        "fb3ff8000000000000", "fa3fc00000",  // floats not in their shortest form
        "62c328", "6261", "9a7fffffff", "5a7fffffff61", "ff", "1c", "f8ff", "0000", "",  // malformed
    ])
    func refused(hex: String) throws {
        let bytes = try #require(Bytes(hex: hex))
        #expect(throws: LedgerError.self) { try CBOR.decode(bytes) }
    }

    @Test func depthIsBounded() {
        #expect(throws: LedgerError(.limit, "")) { try CBOR.decode(Bytes(repeating: 0x81, count: 1000) + [0]) }
    }

    /// Whatever decodes re-encodes to the same bytes, and whatever is encoded decodes to the same item.
    @Test func codecAgrees() throws {
        var random = SeededGenerator.fresh()
        for _ in 0..<3000 {
            let item = item(depth: 0, &random)
            #expect(try CBOR.decode(item.encoded()) == item)
            var mutated = item.encoded()
            mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            if let decoded = try? CBOR.decode(mutated) { #expect(decoded.encoded() == mutated) }
            let noise = random.bytes(Int.random(in: 0...40, using: &random))
            if let decoded = try? CBOR.decode(noise) { #expect(decoded.encoded() == noise) }
            _ = try? CBOR.decode(noise, mode: .wellFormed)
        }
    }

    private func item(depth: Int, _ random: inout SeededGenerator) -> CBOR {
        switch Int.random(in: 0...(depth < 4 ? 9 : 6), using: &random) {
        case 0: .unsigned(UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0...63, using: &random))
        case 1: .negative(UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0...63, using: &random))
        case 2: .bytes(random.bytes(Int.random(in: 0...30, using: &random)))
        case 3:
            .text(
                String((0..<Int.random(in: 0...9, using: &random)).map { _ in "aé漢🌱0".randomElement(using: &random)! }))
        case 4: .bool(Bool.random(using: &random))
        case 5: .null
        case 6: .double(Double(Int.random(in: -100...100, using: &random)) / 8)
        case 7: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in item(depth: depth + 1, &random) })
        case 8:
            .map(
                CBORMap(
                    (0..<Int.random(in: 0...4, using: &random)).map { _ in
                        (item(depth: 4, &random), item(depth: depth + 1, &random))
                    }))
        default: .tagged(UInt64.random(in: 0...1000, using: &random), item(depth: depth + 1, &random))
        }
    }
}
