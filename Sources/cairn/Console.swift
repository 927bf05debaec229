import Foundation

/// Data goes to standard output, progress to standard error.
enum Console {
    static let isTerminal = isatty(STDERR_FILENO) == 1
    private static let colours = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    static func print(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    /// A name and its value; names of up to 26 characters leave their values in one column.
    static func row(_ name: String, _ value: String) {
        print(name + String(repeating: " ", count: max(1, 27 - name.count)) + value)
    }

    static func good(_ text: String) -> String { colours ? "\u{1B}[32m\(text)\u{1B}[0m" : text }
    static func bad(_ text: String) -> String { colours ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    static func json(_ object: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(object), as: UTF8.self))
    }
}
