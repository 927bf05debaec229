/// Money and weights for people.
public enum Amounts {
    /// Minor units as `EUR 1,234,567.80`.
    public static func money(_ minor: UInt64, _ currency: String) -> String {
        let cents = minor % 100
        return "\(currency) \(grouped(minor / 100)).\(cents < 10 ? "0" : "")\(cents)"
    }

    /// Grams as tonnes: `99.87 t`.
    public static func tonnes(_ grams: UInt64) -> String {
        let hundredths = (grams + 5000) / 10_000
        let rest = hundredths % 100
        return "\(grouped(hundredths / 100)).\(rest < 10 ? "0" : "")\(rest) t"
    }

    /// Thousandths as `82.5 %`.
    public static func percent(_ permille: UInt64) -> String {
        permille % 10 == 0 ? "\(permille / 10) %" : "\(permille / 10).\(permille % 10) %"
    }

    private static func grouped(_ number: UInt64) -> String {
        var digits = String(number)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }
}
