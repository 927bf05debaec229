/// A box's code: GTIN, batch or lot, and serial number (GS1 application identifiers 01, 10 and 21).
public struct BoxCode: Sendable, Hashable {
    /// Fourteen digits.
    public let gtin: String
    /// Batch or lot, up to 20 characters.
    public let lot: String
    /// Serial number within the lot, up to 20 characters.
    public let serial: String

    /// A code; its parts are not checked here but by the contract.
    public init(gtin: String, lot: String, serial: String) {
        self.gtin = gtin
        self.lot = lot
        self.serial = serial
    }

    /// The GS1 Digital Link path, which is the box's page on this host (GS1 Digital Link URI Syntax §4.9).
    public var path: String { "/01/\(encoded(gtin))/10/\(encoded(lot))/21/\(encoded(serial))" }

    /// As printed below the symbol, with the application identifiers in brackets.
    public var printed: String { "(01) \(gtin) (10) \(lot) (21) \(serial)" }

    /// Percent-encodes all but the unreserved characters of RFC 3986 §2.3.
    private func encoded(_ part: String) -> String {
        part.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                return String(UnicodeScalar(byte))
            default:
                let digits = Array("0123456789ABCDEF")
                return "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }.joined()
    }
}
