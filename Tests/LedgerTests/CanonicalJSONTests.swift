import Foundation
import Ledger
import TestSupport
import Testing

/// RFC 8785 against its author's test data, and the numbers of its appendix B.
struct CanonicalJSONTests {
    private struct Parsed: Decodable {
        let value: CanonicalJSON

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                value = .null
            } else if let boolean = try? single.decode(Bool.self) {
                value = .boolean(boolean)
            } else if let number = try? single.decode(Double.self) {
                value = .number(number)
            } else if let text = try? single.decode(String.self) {
                value = .string(text)
            } else if let items = try? single.decode([Parsed].self) {
                value = .array(items.map(\.value))
            } else {
                value = .object(try single.decode([String: Parsed].self).mapValues(\.value))
            }
        }
    }

    @Test("COMMON-21: the vectors of RFC 8785", arguments: ["arrays", "french", "structures", "weird"])
    func vectors(name: String) throws {
        guard let input = Vectors.locate("jcs/input/\(name).json", cases: 1) else { return }
        let output = Vectors.folder.appending(path: "jcs/output/\(name).json")
        let parsed = try JSONDecoder().decode(Parsed.self, from: Data(contentsOf: input))
        #expect(parsed.value.encoded() == Bytes(try Data(contentsOf: output)))
    }

    /// The double by its bits, and its text.
    @Test(
        "COMMON-21: numbers of RFC 8785, appendix B",
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"), (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"), (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"), (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"), (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func numbers(bits: UInt64, text: String) {
        #expect(CanonicalJSON.number(Double(bitPattern: bits)).encoded() == Bytes(text.utf8))
    }
}
