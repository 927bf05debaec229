import Foundation
import Synchronization

/// The date as HTTP writes it (RFC 9110 §5.6.7), formatted once a second.
final class HTTPDate: Sendable {
    static let shared = HTTPDate()

    private let last = Mutex((second: -1, text: ""))

    var now: String {
        let second = Int(Date().timeIntervalSince1970)
        return last.withLock { last in
            if last.second != second { last = (second, Self.format(second)) }
            return last.text
        }
    }

    static func format(_ second: Int) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSince1970: Double(second)))
    }
}
