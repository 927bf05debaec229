import Foundation

/// What a figure on a page rests on: records about something, and what devices reported over a time. It leads to the page
/// that shows them and lets them be verified, so that any figure can be walked down to its signatures.
public struct Grounds: Sendable, Equatable {
    /// The page that shows grounds.
    public static let path = "/evidence"
    /// Names and devices of one figure.
    public static let maximum = 40

    /// What the records are about: a pond, a lot, a trade, a stay.
    public let names: [String]
    /// URNs of the devices that reported.
    public let devices: [String]
    /// Time of the devices, ms since 1970; the end is not in it.
    public let from: UInt64
    public let to: UInt64

    /// - Parameters:
    ///   - names: at most ``maximum`` are kept, as of `devices`.
    ///   - from: where records are many, those nearest to this time count.
    public init(about names: [String] = [], devices: [String] = [], from: UInt64 = 0, to: UInt64 = .max) {
        self.names = Array(names.prefix(Self.maximum))
        self.devices = Array(devices.prefix(Self.maximum))
        self.from = from
        self.to = to
    }

    /// Grounds as an address has them.
    public init(query: [String: String]) {
        func list(_ name: String) -> [String] {
            (query[name] ?? "").split(separator: Self.separator).map(String.init)
        }
        self.init(
            about: list("about"), devices: list("device"), from: query["from"].flatMap { UInt64($0) } ?? 0,
            to: query["to"].flatMap { UInt64($0) } ?? .max)
    }

    /// Between names in an address; names of things have no line breaks.
    private static let separator: Character = "\n"

    /// The part of an address behind the question mark.
    public var query: String {
        func encoded(_ texts: [String]) -> String {
            texts.joined(separator: String(Self.separator)).addingPercentEncoding(
                withAllowedCharacters: .alphanumerics) ?? ""
        }
        var parts: [String] = []
        if !names.isEmpty { parts.append("about=\(encoded(names))") }
        if !devices.isEmpty { parts.append("device=\(encoded(devices))") }
        if from > 0 { parts.append("from=\(from)") }
        if to < .max { parts.append("to=\(to)") }
        return parts.joined(separator: "&")
    }

    public var href: String { "\(Self.path)?\(query)" }
}
