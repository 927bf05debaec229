import AgriculturalTracingContract

/// A product code as a radio tag carries it: GTIN and serial as EPC, GS1 EPC Tag Data Standard 2.0 §6.3.1 and §14.6.1.2.
struct TagCode: Hashable, Sendable {
    /// `urn:epc:id:sgtin:CompanyPrefix.ItemReference.Serial`.
    let urn: String
    /// SGTIN-198: what is written to the tag's EPC bank, hex, padded with zeros to whole 16-bit words.
    let hex: String

    /// Digits of the company prefix, and bits of prefix and item reference, by partition value (§14.2, table 14-2).
    private static let partitions: [(digits: Int, prefixBits: Int, itemBits: Int)] = [
        (12, 40, 4), (11, 37, 7), (10, 34, 10), (9, 30, 14), (8, 27, 17), (7, 24, 20), (6, 20, 24),
    ]
    /// Point of sale trade item (§10.1): a box that is sold.
    private static let filter: UInt64 = 1

    /// nil where the GTIN is not of this company prefix.
    ///
    /// - Parameter companyPrefix: 6 to 12 digits that GS1 gave to the brand's owner.
    init?(_ code: ProductCode, companyPrefix: String) {
        let digits = Array(code.gtin)
        let length = companyPrefix.utf8.count
        guard let partition = Self.partitions.firstIndex(where: { $0.digits == length }),
            code.gtin.dropFirst().hasPrefix(companyPrefix), let prefix = UInt64(companyPrefix),
            case let reference = String(digits[0]) + String(digits[(1 + length)..<13]), let item = UInt64(reference)
        else { return nil }
        urn = "urn:epc:id:sgtin:\(companyPrefix).\(reference).\(PercentEncoding.encode(code.serial))"
        var bits: [Bool] = []
        func append(_ value: UInt64, _ count: Int) {
            for place in stride(from: count - 1, through: 0, by: -1) { bits.append(value >> UInt64(place) & 1 == 1) }
        }
        append(0x36, 8)
        append(Self.filter, 3)
        append(UInt64(partition), 3)
        append(prefix, Self.partitions[partition].prefixBits)
        append(item, Self.partitions[partition].itemBits)
        for byte in code.serial.utf8 { append(UInt64(byte), 7) }
        // 198 bits, and zeros to the end of the thirteenth word.
        bits += Array(repeating: false, count: 208 - bits.count)
        hex = stride(from: 0, to: bits.count, by: 8).map { start in
            let byte = bits[start..<(start + 8)].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
            let text = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "0" + text : text
        }.joined()
    }
}
