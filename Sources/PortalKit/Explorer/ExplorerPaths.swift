/// Addresses of the explorer's pages, in one place.
public enum ExplorerPaths {
    /// The explorer's home of a ledger.
    public static func ledger(_ ledger: String) -> String { "/ledgers/\(ledger)" }
    /// A block by its height.
    public static func block(_ height: UInt64, ledger: String) -> String { "/ledgers/\(ledger)/blocks/\(height)" }
    /// A transaction by its id in hex.
    public static func transaction(_ id: String, ledger: String) -> String { "/ledgers/\(ledger)/transactions/\(id)" }
    /// A participant by its id.
    public static func participant(_ id: String, ledger: String) -> String { "/ledgers/\(ledger)/participants/\(id)" }
    /// A device by its URN.
    public static func device(_ urn: String, ledger: String) -> String { "/ledgers/\(ledger)/devices/\(urn)" }
    /// The verify page.
    public static let verify = "/verify"
}

/// The first characters of a hash, enough to tell records of one page apart; the full value stands in the link's page.
func shortened(_ hash: String) -> String { hash.count > 14 ? "\(hash.prefix(12))…" : hash }

/// A whole number with thin spaces between groups of three digits.
func grouped(_ value: UInt64) -> String {
    var result = ""
    let digits = String(value)
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { result.append("\u{202F}") }
        result.append(digit)
    }
    return result
}
