import EPCIS
import Foundation
import Ledger
import Synchronization
import TestSupport
import Testing

@testable import AgriculturalTracingService

/// AGR-5: queries and subscriptions outlive the node's process.
struct QueryDeskTests {
    @Test func keptOverARestart() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "queries.json")
        let (ledger, other) = (Hash32.sha256(Bytes("a".utf8)), Hash32.sha256(Bytes("b".utf8)))
        let first = QueryDesk()
        first.keep(in: file, of: ledger) { Issue.record("\($0)") }
        let query = try EventQuery(["EQ_bizStep": ["shipping"]])
        try first.add(.init(ledger: ledger, name: "q", owner: "partner", query: query))
        try first.add(.init(ledger: ledger, name: "gone", owner: "partner", query: query))
        try first.add(.init(ledger: other, name: "elsewhere", owner: "partner", query: query))
        try first.subscribe(
            .init(
                id: "s", owner: "partner", destination: "https://example.com/in", signatureToken: "secret",
                createdAt: EventTime(milliseconds: 1_796_000_000_000), next: 7), to: "q", on: ledger)
        first.sent("s", of: "q", on: ledger, next: 12)
        first.remove("gone", on: ledger)

        let second = QueryDesk()
        second.keep(in: file, of: ledger) { Issue.record("\($0)") }
        #expect(second.all(on: ledger).map(\.name) == ["q"] && second.all(on: other).isEmpty)
        let kept = try #require(second.query("q", on: ledger))
        #expect(kept.json == first.query("q", on: ledger)?.json && kept.owner == "partner")
        let subscription = try #require(kept.subscriptions.first)
        #expect(subscription.id == "s" && subscription.next == 12 && subscription.signatureToken == "secret")
        #expect(subscription.createdAt == EventTime(milliseconds: 1_796_000_000_000))
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600, "the secrets of subscribers are the node's alone")
    }

    @Test func aDamagedFileIsTold() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let told = Mutex<[String]>([])
        try Data("[{".utf8).write(to: file)
        let desk = QueryDesk()
        desk.keep(in: file, of: .zero) { words in told.withLock { $0.append(words) } }
        #expect(told.withLock(\.count) == 1 && desk.all(on: .zero).isEmpty)
        try Data(#"[{"name":"q"}]"#.utf8).write(to: file)
        let other = QueryDesk()
        other.keep(in: file, of: .zero) { words in told.withLock { $0.append(words) } }
        #expect(told.withLock(\.count) == 2)
        // A place that cannot be written is told, too, and what was asked for holds in this process.
        let lost = QueryDesk()
        lost.keep(in: file.appending(path: "no-folder"), of: .zero) { words in told.withLock { $0.append(words) } }
        try lost.add(.init(ledger: .zero, name: "q", owner: "p", query: try EventQuery(["EQ_bizStep": ["shipping"]])))
        #expect(told.withLock(\.count) == 3 && lost.query("q", on: .zero) != nil)
    }
}
