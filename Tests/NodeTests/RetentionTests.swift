import Foundation
import Ledger
import Node
import PersonalData
import Testing

/// PARK-28: what the documents say of how long something is kept is what the program does.
struct RetentionTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Days by the words in backquotes of a table's lines.
    private static func days(_ path: String) throws -> [String: UInt64] {
        var found: [String: UInt64] = [:]
        for line in try String(contentsOf: repository.appending(path: path), encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|"), let name = cells.first(where: { $0.hasPrefix("`") && $0.hasSuffix("`") }) else {
                continue
            }
            let figure = cells.compactMap { UInt64($0.hasSuffix(" days") ? String($0.dropLast(5)) : $0) }.first
            if let figure { found[name.trimmingCharacters(in: CharacterSet(charactersIn: "`"))] = figure }
        }
        return found
    }

    @Test func parkingKeepsWhatItSays() throws {
        let told = try Self.days("UseCases/AutomatedParking/README.md")
        let useCase = try #require(useCases.first { $0.name == "automated-parking" })
        let rules = try #require(useCase.parameters.first { $0.contract == "parking" }?.values)
        for name in ["claim", "lateness", "longest"] {
            let figure = try #require(rules.map?[text: name]?.unsigned)
            #expect(figure % 86_400_000 == 0 && told[name] == figure / 86_400_000, "\(name): \(told)")
        }
        #expect(try told["vehicle"] == RetentionTable.standard().rule("vehicle").days)
    }

    @Test func personalDataAreKeptAsTheTableSays() throws {
        let told = try Self.days("docs/operating/personal-data.md")
        for rule in try RetentionTable.standard().rules { #expect(told[rule.class] == rule.days, "\(rule)") }
    }
}
