import DeviceKit
import Foundation

/// The edge rules of one owner, read from JSON (docs/operating/devices.md). What is not understood is refused: a rule
/// that is silently left out is worse than none.
public struct RuleSet: Sendable, Hashable {
    /// Rules of an owner at a gateway.
    public static let maximumRules = 64
    /// Actions of a rule, `then` and `otherwise` each.
    public static let maximumActions = 8
    /// Octets of a command's payload.
    public static let maximumPayload = 1024
    /// Seconds in any condition or time-out.
    public static let seconds: ClosedRange<Double> = 0...31_622_400

    public let rules: [EdgeRule]

    /// - Throws: ``GatewayError`` with `rules`: where in the document and what is expected there.
    public init(json: [UInt8]) throws(GatewayError) {
        guard let value = try? JSONSerialization.jsonObject(with: Foundation.Data(json)) else {
            throw GatewayError(.rules, "the rules are not JSON; check commas and quotes")
        }
        let document = try RuleReader(value, at: "the document")
        guard try document.number("version", in: 1...1) == 1 else { throw document.error("has version 1") }
        let items = try document.list("rules", maximum: Self.maximumRules)
        try document.finish(["version", "rules"])
        var rules: [EdgeRule] = []
        for item in items { rules.append(try Self.rule(item)) }
        guard Set(rules.map(\.id)).count == rules.count else {
            throw GatewayError(.rules, "two rules have the same id; each needs its own")
        }
        self.rules = rules
    }

    private static func rule(_ reader: RuleReader) throws(GatewayError) -> EdgeRule {
        try reader.finish(["id", "devices", "quantity", "when", "then", "otherwise"])
        let devices = try reader.object("devices")
        try devices.finish(["urn", "profile"])
        let scope: EdgeRule.Devices
        switch (try devices.optionalText("urn"), try devices.optionalText("profile")) {
        case (let urn?, nil): scope = .urn(urn)
        case (nil, let profile?): scope = .profile(profile)
        default: throw devices.error("names either urn or profile")
        }
        var otherwise: [EdgeRule.Action] = []
        if reader.has("otherwise") {
            for item in try reader.list("otherwise", maximum: maximumActions) {
                let action = try action(item)
                if case .mark = action { throw item.error("cannot mark: a rule that does not hold marks nothing") }
                otherwise.append(action)
            }
        }
        var then: [EdgeRule.Action] = []
        for item in try reader.list("then", maximum: maximumActions) { then.append(try action(item)) }
        return EdgeRule(
            id: try reader.name("id"), devices: scope, quantity: try reader.text("quantity"),
            condition: try condition(try reader.object("when")), then: then, otherwise: otherwise)
    }

    private static func condition(_ reader: RuleReader) throws(GatewayError) -> EdgeRule.Condition {
        let kinds = ["above", "below", "hysteresis", "rate", "frozen", "calibrationAge"]
        try reader.finish(kinds)
        let given = kinds.filter { reader.has($0) }
        guard given.count == 1, let kind = given.first else {
            throw reader.error("holds exactly one of \(kinds.joined(separator: ", "))")
        }
        switch kind {
        case "above": return .above(try reader.number(kind))
        case "below": return .below(try reader.number(kind))
        default: break
        }
        let inner = try reader.object(kind)
        switch kind {
        case "hysteresis":
            try inner.finish(["on", "off", "minimumOn", "minimumOff"])
            let (on, off) = (try inner.number("on"), try inner.number("off"))
            guard on != off else { throw inner.error("has two different levels on and off") }
            return .hysteresis(
                on: on, off: off, minimumOn: try inner.number("minimumOn", in: seconds, default: 0),
                minimumOff: try inner.number("minimumOff", in: seconds, default: 0))
        case "rate":
            try inner.finish(["perSecond", "tolerance"])
            return .rate(
                perSecond: try inner.number("perSecond", in: 0...Double.greatestFiniteMagnitude),
                tolerance: try inner.number("tolerance", in: 0...Double.greatestFiniteMagnitude, default: 0))
        case "frozen":
            try inner.finish(["seconds"])
            return .frozen(seconds: try inner.number("seconds", in: seconds))
        default:
            try inner.finish(["calibrated", "days"])
            let text = try inner.text("calibrated")
            guard let date = try? Date(text, strategy: .iso8601) else {
                throw inner.error("has calibrated as an instant in UTC, 2026-05-01T00:00:00Z")
            }
            return .calibrationAge(
                calibrated: date.timeIntervalSince1970, seconds: try inner.number("days", in: 0...3660) * 86_400)
        }
    }

    private static func action(_ reader: RuleReader) throws(GatewayError) -> EdgeRule.Action {
        let kinds = ["mark", "event", "command"]
        try reader.finish(kinds)
        let given = kinds.filter { reader.has($0) }
        guard given.count == 1, let kind = given.first else {
            throw reader.error("holds exactly one of \(kinds.joined(separator: ", "))")
        }
        switch kind {
        case "mark":
            guard let mark = EdgeMark(rawValue: try reader.text(kind)) else {
                throw reader.error("marks \(EdgeMark.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return .mark(mark)
        case "event": return .event(try reader.name(kind))
        default:
            let inner = try reader.object(kind)
            try inner.finish(["device", "name", "arguments", "timeout"])
            guard let device = try? DeviceURN(try inner.text("device")) else {
                throw inner.error("has device as a URN of RFC 9039, urn:dev:…")
            }
            let payload = try inner.json("arguments", default: "{}")
            guard payload.count <= maximumPayload else {
                throw inner.error("has arguments of at most \(maximumPayload) octets")
            }
            return .command(
                device: device, name: try inner.name("name"), payload: payload,
                timeout: try inner.number("timeout", in: 1...300, default: 10))
        }
    }
}
