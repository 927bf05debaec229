/// Fields of RFC 4180.
public enum CSV {
    /// Quoted, and harmless in a spreadsheet, where a leading formula character would run.
    public static func field(_ text: String) -> String {
        let isNumber = Int64(text) != nil
        let safe = !isNumber && text.first.map { "=+-@".contains($0) } == true ? "'" + text : text
        return "\"\(safe.replacing("\"", with: "\"\""))\""
    }
}
