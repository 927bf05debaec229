/// An element of an event as the hash sees it: EPCIS's XML shape, in which a list is an element that holds one element for each item.
struct HashElement {
    var name: String
    /// Its own text; empty where it has children.
    var text: String
    var children: [HashElement]

    init(_ name: String, text: String = "", _ children: [HashElement] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// Lists of the standard whose items have a name of their own in XML.
    private static let lists = [
        "epcList": "epc", "inputEPCList": "epc", "outputEPCList": "epc", "childEPCs": "epc",
        "quantityList": "quantityElement", "childQuantityList": "quantityElement",
        "inputQuantityList": "quantityElement", "outputQuantityList": "quantityElement",
        "sensorElementList": "sensorElement", "bizTransactionList": "bizTransaction", "sourceList": "source",
        "destinationList": "destination",
    ]

    /// The members of an object as elements. Comments take no part.
    static func elements(of members: [String: JSONValue], prefixes: [String: String]) -> [HashElement] {
        members.filter { !["@context", "rdfs:comment", "comment"].contains($0.key) }.flatMap {
            elements(named: $0.key, $0.value, prefixes)
        }
    }

    private static func elements(
        named key: String, _ value: JSONValue, _ prefixes: [String: String]
    ) -> [HashElement] {
        let name = expanded(key, prefixes) { "{\($0)}" }
        switch value {
        case .array(let items):
            let found = items.flatMap { elements(named: lists[key] ?? key, $0, prefixes) }
            return lists[key] == nil ? found : [HashElement(name, found)]
        case .object(let members):
            return [HashElement(name, elements(of: members, prefixes: prefixes))]
        case .string(let text):
            return [HashElement(name, text: expanded(word(text, of: key), prefixes) { $0 })]
        case .number(let text): return [HashElement(name, text: text)]
        case .boolean(let isTrue): return [HashElement(name, text: isTrue ? "true" : "false")]
        case .null: return [HashElement(name)]
        }
    }

    /// A compact URI in full.
    private static func expanded(
        _ text: String, _ prefixes: [String: String], _ written: (String) -> String
    ) -> String {
        guard let (prefix, rest) = Name.split(text), let namespace = prefixes[prefix], !rest.hasPrefix("//") else {
            return text
        }
        return written(namespace) + rest
    }

    /// A bare word of the vocabulary that its attribute has.
    private static func word(_ text: String, of attribute: String) -> String {
        let vocabularies: [Vocabulary]
        switch attribute {
        case "bizStep": vocabularies = [.businessStep]
        case "disposition", "set", "unset": vocabularies = [.disposition]
        // Transactions, sources, destinations and measurements call theirs `type`; no two of them share a word.
        case "type": vocabularies = [.businessTransaction, .sourceOrDestination, .measurement]
        case "exception": vocabularies = [.sensorAlert]
        case "component": vocabularies = [.component]
        default: return text
        }
        return vocabularies.lazy.map { $0.uri(of: text) }.first { $0 != text } ?? text
    }
}
