import Foundation
import Testing

/// Compares a rendered page with the file kept beside the tests. `CAIRN_RECORD_SNAPSHOTS=1` writes the files anew;
/// whoever does that reads the difference before committing it.
func expectSnapshot(_ html: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Snapshots/\(name).html")
    if ProcessInfo.processInfo.environment["CAIRN_RECORD_SNAPSHOTS"] == "1" {
        try html.write(to: file, atomically: true, encoding: .utf8)
        return
    }
    let kept = try String(contentsOf: file, encoding: .utf8)
    let difference = zip(html.split(separator: "\n"), kept.split(separator: "\n")).first { $0 != $1 }
    #expect(
        html == kept, "\(name): \(difference.map { "now \($0), kept \($1)" } ?? "another length")",
        sourceLocation: sourceLocation)
}
