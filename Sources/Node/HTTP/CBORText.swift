import Foundation
import Ledger

/// CBOR shown to people and JSON clients: bytes in hex, long ones cut.
enum CBORText {
    /// Longest byte string that is shown in full.
    static let shownBytes = 64

    static func json(_ value: CBOR) -> Any {
        switch value {
        case .unsigned(let number): return number <= 1 << 53 ? number as Any : String(number)
        case .negative: return value.int ?? 0
        case .bytes(let bytes):
            return bytes.count <= shownBytes ? bytes.hex : "\(bytes.prefix(16).hex)… (\(bytes.count) bytes)"
        case .text(let text): return text
        case .array(let items): return items.map { json($0) }
        case .map(let map):
            var object: [String: Any] = [:]
            for entry in map.entries { object[line(entry.key)] = json(entry.value) }
            return object
        case .tagged(_, let inner): return json(inner)
        case .bool(let flag): return flag
        case .null: return NSNull()
        case .double(let number): return number
        }
    }

    /// One line for a page.
    static func line(_ value: CBOR) -> String {
        switch value {
        case .text(let text): text
        case .unsigned(let number): String(number)
        case .negative: String(value.int ?? 0)
        case .bytes(let bytes): bytes.count <= 32 ? bytes.hex : "\(bytes.prefix(16).hex)… (\(bytes.count) bytes)"
        case .array(let items):
            items.prefix(6).map { line($0) }.joined(separator: ", ") + (items.count > 6 ? ", … (\(items.count))" : "")
        case .map(let map): map.entries.map { "\(line($0.key)): \(line($0.value))" }.joined(separator: ", ")
        case .tagged(_, let inner): line(inner)
        case .bool(let flag): flag ? "yes" : "no"
        case .null: "none"
        case .double(let number): String(number)
        }
    }
}
