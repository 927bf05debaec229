import Crypto

/// The event hash of CBV 2.0 §8.9: the same for the same event whatever its syntax, so that two parties who exchange an event can
/// check that they speak of one.
///
/// Where the clause leaves an order open, what GS1's reference implementation does holds (github.com/RalphTro/epcis-event-hash-generator,
/// 1.9): fields of its fixed order first, then all others in the order of their names.
public struct EventHash: Sendable, Hashable {
    /// The text that is hashed.
    public let canonical: String

    /// - Parameters:
    ///   - prefixes: namespaces of the document's and the event's own context, by prefix.
    ///   - ignored: fields of somebody's repository that take no part, as compact names.
    public init(of event: [String: JSONValue], prefixes: [String: String], ignoring ignored: Set<String> = []) {
        let known = Name.standardPrefixes.merging(prefixes) { $1 }
        let members = event.filter { !ignored.contains($0.key) && !Self.outside.contains($0.key) }
        var elements = HashElement.elements(of: members, prefixes: known)
        let ordered = Self.take(Self.eventOrder, from: &elements, isEvent: true)
        let type = event["type"]?.string ?? ""
        canonical = "eventType=\(type)" + ordered + Self.others(elements)
    }

    /// SHA-256 of ``canonical``.
    public var digest: [UInt8] { Array(SHA256.hash(data: Array(canonical.utf8))) }

    /// The hash as a URI (RFC 6920 with CBV's version), fit to be an event's `eventID`.
    public var uri: String { "ni:///sha-256;\(digest.hex)?ver=CBV2.0" }

    /// What is said about an event and is not the event.
    private static let outside: Set = ["recordTime", "eventID", "errorDeclaration", "type", "@context"]

    private indirect enum Order {
        case leaf(String)
        case node(String, [Order])

        var name: String {
            switch self {
            case .leaf(let name), .node(let name, _): name
            }
        }
    }

    private static let quantity = Order.node("quantityElement", [.leaf("epcClass"), .leaf("quantity"), .leaf("uom")])
    private static func epcs(_ name: String) -> Order { .node(name, [.leaf("epc")]) }

    private static let metadata = [
        "time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules",
    ]
    private static let report = [
        "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time", "microorganism",
        "chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue",
        "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem",
    ]

    private static let eventOrder: [Order] = [
        .leaf("eventTime"), .leaf("eventTimeZoneOffset"), .leaf("certificationInfo"), .leaf("parentID"),
        epcs("epcList"), epcs("inputEPCList"), epcs("childEPCs"),
        .node("quantityList", [quantity]), .node("childQuantityList", [quantity]),
        .node("inputQuantityList", [quantity]), epcs("outputEPCList"), .node("outputQuantityList", [quantity]),
        .leaf("action"), .leaf("transformationID"), .leaf("bizStep"), .leaf("disposition"),
        .node("persistentDisposition", [.leaf("set"), .leaf("unset")]),
        .node("readPoint", [.leaf("id")]), .node("bizLocation", [.leaf("id")]),
        .node(
            "sensorElementList",
            [
                .node(
                    "sensorElement",
                    [
                        .node("sensorMetadata", metadata.map { .leaf($0) }),
                        .node("sensorReport", report.map { .leaf($0) }),
                    ])
            ]),
    ]

    /// Writes the elements of an order and takes them away; extensions inside an element stand at its end.
    private static func take(_ order: [Order], from elements: inout [HashElement], isEvent: Bool = false) -> String {
        var text = ""
        var extensions: [HashElement] = []
        if !isEvent {
            extensions = elements.filter { $0.name.hasPrefix("{") }
            elements.removeAll { $0.name.hasPrefix("{") }
        }
        for entry in order {
            var written: [String] = []
            var left: [HashElement] = []
            for var element in elements {
                guard element.name == entry.name else {
                    left.append(element)
                    continue
                }
                let own = entry.name.lowercased().hasSuffix("time") ? time(element.text) : value(element.text)
                var inner = ""
                if case .node(_, let children) = entry { inner = take(children, from: &element.children) }
                if !own.isEmpty || !inner.isEmpty {
                    written.append(element.name + (own.isEmpty ? "" : "=\(own)") + inner)
                }
                if !element.children.isEmpty { left.append(HashElement(element.name, element.children)) }
            }
            elements = left
            text += sorted(written).joined()
        }
        return text + others(extensions)
    }

    /// Everything without a place in the order, by name and value; a type stands before what it is the type of.
    private static func others(_ elements: [HashElement]) -> String {
        let texts = elements.map { element in
            let own = value(element.text)
            if ["bizTransaction", "source", "destination"].contains(element.name), !element.children.isEmpty {
                let type = element.children.filter { $0.name == "type" }
                return others(type) + others(element.children.filter { $0.name != "type" })
            }
            return element.name + (own.isEmpty ? "" : "=\(own)") + others(element.children)
        }
        return sorted(texts).joined()
    }

    private static func sorted(_ texts: [String]) -> [String] {
        texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func time(_ text: String) -> String { EventTime(text)?.text ?? text }

    /// A value in its one form: words of CBV as web URIs, numbers without idle zeros, GS1 keys as Digital Links.
    private static func value(_ raw: String) -> String {
        let text = trimmed(raw)
        if let number = number(text) { return number }
        for vocabulary in [
            Vocabulary.businessStep, .disposition, .businessTransaction, .sourceOrDestination, .errorReason,
        ] {
            if let urn = vocabulary.urn, text.hasPrefix(urn) { return vocabulary.prefix + text.dropFirst(urn.count) }
        }
        return CanonicalKey.link(of: text) ?? text
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let start = text.unicodeScalars.drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }
        return end.map { String(start[...$0]) } ?? ""
    }

    /// Text that is a decimal number, at its shortest; nil for everything else. Text counts, too: in XML numbers are text.
    private static func number(_ text: String) -> String? {
        let mantissa = text.utf8.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
        let digits = mantissa.count { (0x30...0x39).contains($0) }
        guard digits > 0, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }) else {
            return nil
        }
        // What a double cannot tell apart stays as it stands: two different numbers must not get one hash.
        guard digits <= 15, let value = Double(text), value.magnitude < 1e15 else { return nil }
        return value == value.rounded() ? String(Int64(value)) : value.description
    }
}
