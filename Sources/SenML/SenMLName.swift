/// The rule for names (RFC 8428 §4.5.1): A-Z a-z 0-9 - : . / _ and the first a letter or digit.
enum SenMLName {
    static func check(_ name: String, record: Int, limit: Int) throws(SenMLError) {
        var name = name
        let fault: SenMLError? = name.withUTF8 { octets in
            guard let first = octets.first else {
                return SenMLError(.name, "record \(record) has no name; give it bn or n")
            }
            if octets.count > limit {
                return SenMLError(.limit, "record \(record) has a name of \(octets.count) octets; at most \(limit)")
            }
            if !isAlphanumeric(first) {
                return SenMLError(.name, "the name in record \(record) must start with a letter or digit")
            }
            for octet in octets where !isAlphanumeric(octet) && !isPunctuation(octet) {
                return SenMLError(.name, "the name in record \(record) may only have A-Z a-z 0-9 - : . / _")
            }
            return nil
        }
        if let fault { throw fault }
    }

    private static func isAlphanumeric(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isPunctuation(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
