/// A GS1 key in whichever URI it comes, as the one GS1 Digital Link URI that the event hash is taken over (CBV 2.0 §8.9): domain
/// id.gs1.org, the finest level of identification, no other attributes.
enum CanonicalKey {
    /// nil for a URI that conveys no GS1 key.
    static func link(of uri: String) -> String? {
        let path = uri.hasPrefix("urn:epc:") ? EPCURN.path(of: uri) : path(ofLink: uri)
        return path.map { "https://id.gs1.org/\($0)" }
    }

    /// Words that older links have in place of application identifiers.
    private static let words = [
        "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018",
        "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
        "cpv": "22", "lot": "10", "ser": "21",
    ]

    private static let keys: Set = [
        "00", "01", "253", "255", "401", "402", "414", "417", "8003", "8004", "8006", "8010", "8017", "8018",
    ]

    private static func path(ofLink uri: String) -> String? {
        guard let scheme = ["https://", "http://"].first(where: uri.hasPrefix) else { return nil }
        let path = uri.dropFirst(scheme.count).prefix { $0 != "?" && $0 != "#" }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            words[String($0)] ?? String($0)
        }
        if parts.last == "" { parts.removeLast() }
        // The stem of a resolver may have segments of its own before the key.
        guard let start = parts.indices.dropLast().first(where: { keys.contains(parts[$0]) && isKey(parts[$0 + 1]) })
        else { return nil }
        var key = parts[start + 1]
        if parts[start] == "01", [8, 12, 13].contains(key.utf8.count) {
            key = String(repeating: "0", count: 14 - key.utf8.count) + key
        }
        let rest = Array(parts[(start + 2)...])
        guard rest.count % 2 == 0 else { return nil }
        var qualifiers: [String: String] = [:]
        for index in stride(from: 0, to: rest.count, by: 2) { qualifiers[rest[index]] = rest[index + 1] }
        return written(parts[start], key, qualifiers)
    }

    private static func isKey(_ text: String) -> Bool {
        text.utf8.count > 4 && text.utf8.prefix(4).allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The path with the finest level of identification; nil where a part is not of its form.
    private static func written(_ key: String, _ value: String, _ given: [String: String]) -> String? {
        var qualifiers = given
        let finest: [String]
        switch key {
        case "01": finest = ["21", "10", "235"]
        case "8006": finest = ["21", "10"]
        case "414": finest = ["254"]
        case "8010": finest = ["8011"]
        default: finest = []
        }
        qualifiers["22"] = key == "01" || key == "8006" ? nil : qualifiers["22"]
        if qualifiers["21"] != nil { qualifiers["10"] = nil }
        guard qualifiers.count <= 1, qualifiers.keys.allSatisfy(finest.contains), isWellFormed(key, value) else {
            return nil
        }
        guard let (name, qualifier) = qualifiers.first else { return "\(key)/\(value)" }
        let isNumber = qualifier.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard name == "8011" ? isNumber && qualifier.utf8.count <= 12 : isText(qualifier, name == "235" ? 28 : 20)
        else {
            return nil
        }
        return "\(key)/\(value)/\(name)/\(qualifier)"
    }

    private static func isWellFormed(_ key: String, _ value: String) -> Bool {
        let digits = value.utf8.prefix { (0x30...0x39).contains($0) }.count
        let length = value.utf8.count
        switch key {
        case "00", "8006", "8017", "8018": return digits == 18 && length == 18
        case "01": return digits == 14 && length == 14
        case "402": return digits == 17 && length == 17
        case "414", "417": return digits == 13 && length == 13
        case "253": return digits >= 13 && isText(value, 30)
        case "255": return digits == length && (13...25).contains(length)
        case "8003": return digits >= 14 && isText(value, 30)
        default: return isText(value, 30)
        }
    }

    /// Characters that a Digital Link has as they are, or escaped; an escape counts as one.
    private static func isText(_ text: String, _ maximum: Int) -> Bool {
        let escapes = text.utf8.count { $0 == UInt8(ascii: "%") }
        return text.utf8.count - 2 * escapes <= maximum
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x3B...0x3F).contains($0) || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0) || "\"'-._%#".utf8.contains($0)
            }
    }
}
