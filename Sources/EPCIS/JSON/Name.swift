/// Names and URIs of JSON-LD as EPCIS uses it (EPCIS 2.0 §9.1.2): prefixes are the standard's own, the document's or the event's.
enum Name {
    static let cbv = "https://ref.gs1.org/cbv/"
    /// The standard's JSON-LD context, which every document names.
    static let context = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

    /// Prefixes of the standard's context.
    static let standardPrefixes = [
        "cbv": cbv, "cbvmda": "urn:epcglobal:cbv:mda:", "gs1": "https://gs1.org/voc/",
        "epcis": "https://ref.gs1.org/epcis/", "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "owl": "http://www.w3.org/2002/07/owl#", "xsd": "http://www.w3.org/2001/XMLSchema#",
        "dcterms": "http://purl.org/dc/terms/",
    ]

    /// Prefixes that an `@context` declares, with what they stand for.
    static func prefixes(of context: JSONValue?) -> [String: String] {
        var found: [String: String] = [:]
        for entry in context?.array ?? (context.map { [$0] } ?? []) {
            for (prefix, meaning) in entry.object ?? [:] {
                if let uri = meaning.string ?? meaning["@id"]?.string { found[prefix] = uri }
            }
        }
        return found
    }

    /// A prefix and the rest of a compact URI; nil without a colon.
    static func split(_ name: String) -> (prefix: String, rest: Substring)? {
        name.firstIndex(of: ":").map { (String(name[..<$0]), name[name.index(after: $0)...]) }
    }

    /// Whether text has the form of an absolute or a compact URI (RFC 3986 §3): a scheme, a colon and something behind it.
    static func isURI(_ text: String) -> Bool {
        guard let (scheme, rest) = split(text), !rest.isEmpty, let first = scheme.utf8.first, first.isLetter else {
            return false
        }
        return scheme.utf8.allSatisfy { $0.isLetter || (0x30...0x39).contains($0) || "+-._".utf8.contains($0) }
            && rest.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"<>\"{}|\\^`".utf8.contains($0) }
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}
