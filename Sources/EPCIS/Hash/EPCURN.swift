/// EPC URIs, EPC class URIs and EPC patterns (EPC Tag Data Standard §6) as paths of GS1 Digital Links.
enum EPCURN {
    /// `urn:epc:<space>:<scheme>:<company prefix>.<reference>.<…>`; nil for one that conveys no GS1 key or is malformed.
    static func path(of uri: String) -> String? {
        let parts = uri.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0] == "urn", parts[1] == "epc" else { return nil }
        let fields = parts[4].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard fields.count >= 2, (6...12).contains(fields[0].utf8.count), isDigits(fields[0]) else { return nil }
        let body = Fields(company: fields[0], reference: fields[1], rest: Array(fields.dropFirst(2)))
        switch parts[2] {
        case "id": return instance(parts[3], body)
        case "class": return parts[3] == "lgtin" ? body.trade.flatMap { join("01/\($0)/10/", body.serial(20)) } : nil
        case "idpat": return pattern(parts[3], body)
        default: return nil
        }
    }

    private struct Fields {
        let company: String
        let reference: String
        let rest: [String]

        /// A GTIN of 14 digits: the reference begins with the indicator.
        var trade: String? {
            guard let indicator = reference.first, isDigits(reference), (company + reference).utf8.count == 13 else {
                return nil
            }
            return checked("\(indicator)\(company)\(reference.dropFirst())")
        }

        /// Company prefix and reference of so many digits together, with a check digit behind.
        func key(_ length: Int) -> String? {
            let text = company + reference
            return text.utf8.count == length && isDigits(text) ? checked(text) : nil
        }

        /// What follows the reference; it may have dots of its own.
        func serial(_ maximum: Int) -> String? { encoded(rest.joined(separator: "."), maximum) }
        /// What follows the company prefix.
        func alone(_ maximum: Int) -> String? { encoded(([reference] + rest).joined(separator: "."), maximum) }
    }

    private static func instance(_ scheme: String, _ body: Fields) -> String? {
        switch scheme {
        case "sgtin": return body.trade.flatMap { join("01/\($0)/21/", body.serial(20)) }
        case "upui": return body.trade.flatMap { join("01/\($0)/235/", body.serial(28)) }
        case "itip":
            guard body.rest.count >= 3, body.rest[0].utf8.count == 2, body.rest[1].utf8.count == 2,
                isDigits(body.rest[0] + body.rest[1])
            else { return nil }
            let serial = encoded(body.rest.dropFirst(2).joined(separator: "."), 20)
            return body.trade.flatMap { join("8006/\($0)\(body.rest[0])\(body.rest[1])/21/", serial) }
        case "sscc":
            guard let digit = body.reference.first, body.rest.isEmpty, isDigits(body.reference),
                (body.company + body.reference).utf8.count == 17
            else { return nil }
            return "00/" + checked("\(digit)\(body.company)\(body.reference.dropFirst())")
        case "sgln":
            guard let key = body.key(12), let component = body.serial(20) else { return nil }
            return component == "0" ? "414/\(key)" : "414/\(key)/254/\(component)"
        case "pgln": return body.rest.isEmpty ? body.key(12).map { "417/\($0)" } : nil
        case "grai": return body.key(12).flatMap { _ in join("8003/" + grai(body), body.serial(16)) }
        case "giai": return join("8004/\(body.company)", body.alone(30 - body.company.utf8.count))
        case "gsrn": return body.rest.isEmpty ? body.key(17).map { "8018/\($0)" } : nil
        case "gsrnp": return body.rest.isEmpty ? body.key(17).map { "8017/\($0)" } : nil
        case "gdti": return body.key(12).flatMap { join("253/\($0)", body.serial(17)) }
        case "sgcn":
            guard let key = body.key(12), let serial = body.serial(12), isDigits(serial) else { return nil }
            return "255/\(key)\(serial)"
        case "cpi":
            guard body.rest.count == 1, (1...12).contains(body.rest[0].utf8.count), isDigits(body.rest[0]),
                let part = encoded(body.reference, 30 - body.company.utf8.count)
            else { return nil }
            return "8010/\(body.company)\(part)/8011/\(body.rest[0])"
        case "ginc": return join("401/\(body.company)", body.alone(30 - body.company.utf8.count))
        case "gsin": return body.rest.isEmpty ? body.key(16).map { "402/\($0)" } : nil
        default: return nil
        }
    }

    private static func pattern(_ scheme: String, _ body: Fields) -> String? {
        guard body.rest.last == "*" else { return nil }
        switch scheme {
        case "sgtin", "upui": return body.trade.map { "01/\($0)" }
        case "itip":
            guard body.rest.count == 3, isDigits(body.rest[0] + body.rest[1]) else { return nil }
            return body.trade.map { "8006/\($0)\(body.rest[0])\(body.rest[1])" }
        case "grai": return body.key(12).map { _ in "8003/" + grai(body) }
        case "gdti": return body.key(12).map { "253/\($0)" }
        case "sgcn": return body.key(12).map { "255/\($0)" }
        case "cpi": return encoded(body.reference, 24).map { "8010/\(body.company)\($0)" }
        default: return nil
        }
    }

    /// A GRAI has a leading zero, which counts in its check digit.
    private static func grai(_ body: Fields) -> String { checked("0\(body.company)\(body.reference)") }

    private static func join(_ start: String, _ end: String?) -> String? { end.map { start + $0 } }

    private static func isDigits(_ text: String) -> Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// The digits and their check digit (GS1 General Specifications §7.9): weights 3, 1, 3, … from the right.
    private static func checked(_ digits: String) -> String {
        let sum = digits.utf8.reversed().enumerated().reduce(0) {
            $0 + Int($1.element - 0x30) * ($1.offset % 2 == 0 ? 3 : 1)
        }
        return digits + String((10 - sum % 10) % 10)
    }

    /// Serials as a Digital Link has them: what an EPC URI may leave bare and a link may not is escaped (Digital Link §7).
    private static func encoded(_ text: String, _ maximum: Int) -> String? {
        let escapes = text.utf8.count { $0 == UInt8(ascii: "%") }
        guard !text.isEmpty, text.utf8.count - 2 * escapes <= maximum else { return nil }
        var link = ""
        for character in text.unicodeScalars {
            switch character {
            case "!": link += "%21"
            case "(": link += "%28"
            case ")": link += "%29"
            case "*": link += "%2A"
            case "+": link += "%2B"
            case ",": link += "%2C"
            case ":": link += "%3A"
            case "0"..."9", "A"..."Z", "a"..."z", "%", "'", "-", ".", ";", "=", "_":
                link.unicodeScalars.append(character)
            default: return nil
            }
        }
        return link
    }
}
