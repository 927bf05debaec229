import AgriculturalTracingContract

/// What a GS1 Digital Link says (GS1 Digital Link: URI Syntax, uncompressed form): its application identifiers and their values, in order.
struct DigitalLink: Hashable, Sendable {
    struct Element: Hashable, Sendable {
        let identifier: String
        let value: String
    }

    let elements: [Element]

    /// nil where the text is no Digital Link: another scheme, no key, an identifier that has no place there, or a value against its form.
    ///
    /// - Parameter permitsFormerNames: whether `gtin` and the like count as numbers, which they did before version 1.3.
    init?(_ uri: String, permitsFormerNames: Bool = false) {
        guard uri.utf8.allSatisfy(Self.isURICharacter), let rest = Self.afterScheme(uri) else { return nil }
        let plain = rest.prefix { $0 != "#" }
        let address = plain.prefix { $0 != "?" }
        guard let slash = address.firstIndex(of: "/"), Self.isHost(address[..<slash]) else { return nil }
        let segments = address[address.index(after: slash)...].split(separator: "/", omittingEmptySubsequences: false)
        func identifier(_ text: Substring) -> String {
            let name = String(text)
            return permitsFormerNames ? ApplicationIdentifiers.formerNames[name] ?? name : name
        }
        // The key stands an even number of segments before the end; what is before it is the host's own.
        guard
            let start = stride(from: segments.count - 2, through: 0, by: -2).first(where: {
                ApplicationIdentifiers.keys[identifier(segments[$0])] != nil
            }), let key = ApplicationIdentifiers.keys[identifier(segments[start])]
        else { return nil }
        var elements: [Element] = []
        for place in stride(from: start, to: segments.count - 1, by: 2) {
            guard let value = PercentEncoding.decode(String(segments[place + 1])) else { return nil }
            elements.append(Element(identifier: identifier(segments[place]), value: value))
        }
        let qualifiers = elements.dropFirst().map(\.identifier)
        guard qualifiers.isEmpty || key.contains(where: { Self.isSubsequence(qualifiers, of: $0) }),
            let attributes = Self.attributes(plain.dropFirst(address.count + 1), beside: elements[0].identifier)
        else { return nil }
        self.elements = elements + attributes
        guard Set(self.elements.map(\.identifier)).count == self.elements.count,
            self.elements.allSatisfy(Self.isWellFormed)
        else { return nil }
    }

    /// The element string as a scanner gives it, `^` for the separator (General Specifications §7.8.6).
    var elementString: String {
        var text = ""
        var needsSeparator = true
        for element in elements {
            text += (needsSeparator ? "^" : "") + element.identifier + element.value
            needsSeparator = !(ApplicationIdentifiers.all[element.identifier]?.isPredefined ?? false)
        }
        return text
    }

    // MARK: Parts

    /// Of RFC 3986 §2: unreserved, reserved and percent-encoded.
    private static func isURICharacter(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
    }

    private static func afterScheme(_ uri: String) -> Substring? {
        for scheme in ["https://", "http://", "HTTPS://", "HTTP://"] where uri.hasPrefix(scheme) {
            return uri.dropFirst(scheme.count)
        }
        return nil
    }

    private static func isHost(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isURICharacter($0) && !"_~/?#@!$&'()*+,;=%".utf8.contains($0) }
    }

    private static func isSubsequence(_ parts: [String], of whole: [String]) -> Bool {
        var rest = whole[...]
        for part in parts {
            guard let place = rest.firstIndex(of: part) else { return false }
            rest = rest[(place + 1)...]
        }
        return true
    }

    /// Numbers in the query are identifiers; other names are the host's own.
    private static func attributes(_ query: Substring, beside key: String) -> [Element]? {
        let taken = Set([key] + (ApplicationIdentifiers.keys[key] ?? []).flatMap { $0 })
        var elements: [Element] = []
        for pair in query.split(whereSeparator: { $0 == "&" || $0 == ";" }) {
            let name = pair.prefix { $0 != "=" }
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
            // In a query a plus is a space (HTML's form encoding).
            let text = String(pair.dropFirst(name.count + 1).map { $0 == "+" ? " " : $0 })
            guard let value = PercentEncoding.decode(text), !taken.contains(String(name)),
                ApplicationIdentifiers.all[String(name)]?.isAttribute ?? false
            else { return nil }
            elements.append(Element(identifier: String(name), value: value))
        }
        return elements
    }

    private static func isWellFormed(_ element: Element) -> Bool {
        guard let entry = ApplicationIdentifiers.all[element.identifier], !element.value.isEmpty else { return false }
        var rest = Array(element.value.utf8)[...]
        for (number, part) in entry.parts.enumerated() {
            let taken = rest.prefix(part.range.upperBound)
            guard part.range.contains(taken.count), taken.allSatisfy({ contains($0, in: part.set) }) else {
                return false
            }
            if number == 0 && entry.hasCheckDigit && !CheckDigit.isValid(String(decoding: taken, as: UTF8.self)) {
                return false
            }
            rest = rest.dropFirst(taken.count)
        }
        return rest.isEmpty
    }

    /// General Specifications §7.11: numbers, sets 82, 39 and 64.
    private static func contains(_ byte: UInt8, in set: Character) -> Bool {
        switch set {
        case "N": (0x30...0x39).contains(byte)
        case "Y": "#-/".utf8.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        case "Z":
            "-_=".utf8.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
        default: CharacterSet82.contains(String(decoding: [byte], as: UTF8.self))
        }
    }
}
