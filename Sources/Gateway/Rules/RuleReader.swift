import Foundation

/// A place in a JSON document, read with messages that say where.
struct RuleReader {
    private let object: [String: Any]
    private let place: String

    init(_ value: Any, at place: String) throws(GatewayError) {
        guard let object = value as? [String: Any] else { throw GatewayError(.rules, "\(place) is an object, {…}") }
        self.object = object
        self.place = place
    }

    func error(_ expectation: String) -> GatewayError { GatewayError(.rules, "\(place) \(expectation)") }

    func has(_ name: String) -> Bool { object[name] != nil }

    /// Refuses members of other names.
    func finish(_ names: [String]) throws(GatewayError) {
        if let stranger = object.keys.sorted().first(where: { !names.contains($0) }) {
            throw error("has no member \(stranger); known are \(names.joined(separator: ", "))")
        }
    }

    func text(_ name: String) throws(GatewayError) -> String {
        guard let text = object[name] as? String, 1...200 ~= text.utf8.count else {
            throw error("needs \(name), a text of 1 to 200 octets")
        }
        return text
    }

    func optionalText(_ name: String) throws(GatewayError) -> String? { has(name) ? try text(name) : nil }

    /// A text that can be a level of a topic.
    func name(_ name: String) throws(GatewayError) -> String {
        let text = try text(name)
        let isPlain = text.utf8.allSatisfy { byte in
            UnicodeScalar(byte).properties.isAlphabetic || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard isPlain, text.utf8.count <= 64 else {
            throw error("needs \(name), at most 64 letters, digits, - and _")
        }
        return text
    }

    func number(
        _ name: String,
        in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
        default fallback: Double? = nil
    ) throws(GatewayError) -> Double {
        if !has(name), let fallback { return fallback }
        // JSON's true and false are numbers to Foundation.
        guard let number = object[name] as? NSNumber, CFBooleanless.isNumber(number),
            range.contains(number.doubleValue)
        else { throw error("needs \(name), a number from \(range.lowerBound) to \(range.upperBound)") }
        return number.doubleValue
    }

    func object(_ name: String) throws(GatewayError) -> RuleReader {
        guard let value = object[name] else { throw error("needs \(name), an object") }
        return try RuleReader(value, at: "\(place).\(name)")
    }

    func list(_ name: String, maximum: Int) throws(GatewayError) -> [RuleReader] {
        guard let items = object[name] as? [Any], items.count <= maximum else {
            throw error("needs \(name), a list of at most \(maximum)")
        }
        var readers: [RuleReader] = []
        for (index, item) in items.enumerated() { readers.append(try RuleReader(item, at: "\(name)[\(index)]")) }
        return readers
    }

    /// A member as JSON text, with its keys in order.
    func json(_ name: String, default fallback: String) throws(GatewayError) -> [UInt8] {
        guard let value = object[name] else { return Array(fallback.utf8) }
        guard JSONSerialization.isValidJSONObject(value),
            let text = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
        else { throw error("has \(name) as an object") }
        return [UInt8](text)
    }

    private enum CFBooleanless {
        static func isNumber(_ number: NSNumber) -> Bool {
            let type = String(cString: number.objCType)
            return type != "c" && type != "B"
        }
    }
}
