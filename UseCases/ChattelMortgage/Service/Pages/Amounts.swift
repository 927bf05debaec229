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

    /// Milliseconds as `45 s`, `12 min 30 s` or `5 h 12 min`.
    public static func length(_ milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1000
        if seconds < 60 { return "\(seconds) s" }
        let minutes = seconds / 60
        return minutes < 60 ? "\(minutes) min \(seconds % 60) s" : "\(minutes / 60) h \(minutes % 60) min"
    }

    /// Millimetres as metres: `5.00 m`.
    public static func metres(_ millimetres: UInt64) -> String {
        let hundredths = (millimetres + 5) / 10
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) m"
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
