import Crypto
import Ledger

/// A number plate as people write it, and what stands for it everywhere else: keyed hashes.
///
/// Formatting does not count: spaces, hyphens, dots and case. Nothing else is substituted: a plate that looks like another
/// one is another one, and only its ``shape`` tells that they can be confused.
public struct PlateName: Sendable, Hashable {
    /// Longest plate after normalisation.
    public static let maximum = 12

    /// Capital letters and digits.
    public let text: String
    /// As on the plate: D, A, CH …
    public let country: String

    /// - Returns: nil for what is no plate: other characters, none, or too many; no country of 1 to 3 letters.
    public init?(_ written: String, country: String) {
        let ignored: Set<Character> = [" ", "-", "–", "·", ".", "\u{00A0}", "\t"]
        let text = written.uppercased().filter { !ignored.contains($0) }
        let country = country.uppercased().filter { !ignored.contains($0) }
        let allowed = { (character: Character) in
            "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ0123456789".contains(character)
        }
        guard (1...Self.maximum).contains(text.count), text.allSatisfy(allowed), (1...3).contains(country.count),
            country.allSatisfy({ "ABCDEFGHIJKLMNOPQRSTUVWXYZ".contains($0) })
        else { return nil }
        self.text = text
        self.country = country
    }

    /// Characters that cameras take for each other, folded together; whatever the country.
    public var folded: String {
        let folds: [Character: Character] = [
            "O": "0", "Q": "0", "D": "0", "Ö": "0", "I": "1", "L": "1", "B": "8", "S": "5", "Z": "2", "G": "6",
            "Ä": "A", "Ü": "U",
        ]
        return String(text.map { folds[$0] ?? $0 })
    }

    /// What stands for the plate; without the key nobody can try plates out.
    public func hash(_ key: Bytes) -> Hash32 { Self.code("plate|\(country)|\(text)", key) }

    /// The same for all plates that can be confused with it.
    public func shape(_ key: Bytes) -> Hash32 { Self.code("shape|\(folded)", key) }

    /// What stands for a tag on a windscreen, by the number printed on it; nil for no number.
    public static func tag(_ number: String, _ key: Bytes) -> Hash32? {
        let digits = number.uppercased().filter { !$0.isWhitespace && $0 != "-" }
        guard (4...40).contains(digits.count), digits.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            return nil
        }
        return code("tag|\(digits)", key)
    }

    private static func code(_ content: String, _ key: Bytes) -> Hash32 {
        let code = HMAC<SHA256>.authenticationCode(for: Bytes(content.utf8), using: SymmetricKey(data: key))
        return Hash32(Bytes(code)) ?? .zero
    }
}
