import Foundation
import GRDB
import Gateway
import Ledger
import Testing

/// Batches are sealed unless their owner published the stream; keys come, go to the owner, and are deleted.
@Suite(.serialized, .enabled(if: TestField.isPossible))
struct SealingTests {
    private static func report(_ field: TestField, _ values: Range<Int>) async throws {
        let device = try TestField.identity(1)
        let session = try field.session(device)
        for value in values { try await session.publish(TestField.pack(device, Double(value)), channel: "soil") }
        await session.close()
    }

    private static func epochs(_ field: TestField) -> [UInt64] {
        field.node.state.withLock { $0.batches.map { $0.sealedBatch?.epoch.number ?? 0 } }
    }

    @Test func newKeyWhenTheLedgerSaysSo() async throws {
        try await TestField.with { field in
            field.enrol(try TestField.identity(1))
            try await field.running(try field.configuration()) { gateway in
                try await Self.report(field, 0..<5)
                try await field.wait("the first five") { gateway.counters.settled == 5 }
                #expect(Set(Self.epochs(field)) == [1])
                field.node.state.withLock { $0.rotation += 1 }
                try await field.wait("the key is deleted") { try Self.keys(field) == 0 }
                try await Self.report(field, 5..<10)
                try await field.wait("the other five") { gateway.counters.settled == 10 }
                #expect(Self.epochs(field).last == 2)
            }
        }
    }

    /// Keys in the gateway's store.
    private static func keys(_ field: TestField) throws -> Int {
        try DatabaseQueue(path: field.folder + "/gateway.sqlite").read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM epoch WHERE key IS NOT NULL") ?? 0
        }
    }

    @Test func nothingLeavesBeforeTheOwnerHasTheKey() async throws {
        try await TestField.with { field in
            field.enrol(try TestField.identity(1))
            field.node.state.withLock { $0.isKeyServiceDown = true }
            try await field.running(try field.configuration()) { gateway in
                try await Self.report(field, 0..<5)
                try await field.wait("five wait") { gateway.counters.backlog == 5 }
                try await field.wait("the key is offered") { field.node.state.withLock { !$0.commitments.isEmpty } }
                try await Task.sleep(for: .seconds(1))
                #expect(field.node.state.withLock { $0.batches.isEmpty })
                field.node.state.withLock { $0.isKeyServiceDown = false }
                try await field.wait("they arrive") { gateway.counters.settled == 5 }
            }
        }
    }

    @Test func aKeySurvivesARestart() async throws {
        try await TestField.with { field in
            field.enrol(try TestField.identity(1))
            for part in 0..<2 {
                try await field.running(try field.configuration()) { gateway in
                    try await Self.report(field, part * 5..<part * 5 + 5)
                    try await field.wait("five more") { gateway.counters.settled == 5 }
                }
            }
            #expect(Set(Self.epochs(field)) == [1])
            #expect(field.node.state.withLock { $0.readings.count } == 10)
        }
    }

    /// The gateway takes the stream for published, and the ledger does not (any more): the batch comes again, sealed.
    @Test func whatIsNoLongerPublishedIsSealed() async throws {
        try await TestField.with { field in
            field.enrol(try TestField.identity(1))
            field.node.state.withLock { $0.published = ["farm.soil"] }
            var configuration = try field.configuration()
            configuration.directoryInterval = .seconds(2)
            try await field.running(configuration) { gateway in
                try await Self.report(field, 0..<5)
                try await field.wait("five in the open") { gateway.counters.settled == 5 }
                #expect(Set(Self.epochs(field)) == [0])
                field.node.state.withLock { $0.published = [] }
                try await Self.report(field, 5..<10)
                try await field.wait("five sealed") { gateway.counters.settled == 10 }
                #expect(Self.epochs(field).last == 1)
                #expect(field.node.state.withLock { $0.readings.count } == 10)
            }
        }
    }

    /// The log cannot be truncated while somebody reads the store; the gateway goes on and does it afterwards.
    @Test func whoReadsTheStoreStopsNothing() async throws {
        try await TestField.with { field in
            field.enrol(try TestField.identity(1))
            try await field.running(try field.configuration()) { gateway in
                try await Self.report(field, 0..<5)
                try await field.wait("five") { gateway.counters.settled == 5 }
                var holding = Configuration()
                holding.allowsUnsafeTransactions = true
                let reader = try DatabaseQueue(path: field.folder + "/gateway.sqlite", configuration: holding)
                try await reader.writeWithoutTransaction { db in
                    try db.execute(sql: "BEGIN; SELECT count(*) FROM reading")
                }
                try await Self.report(field, 5..<10)
                try await field.wait("five more") { gateway.counters.settled == 10 }
                // Longer than the pause between two attempts to tidy up.
                try await Task.sleep(for: .milliseconds(2_500))
                try await Self.report(field, 10..<15)
                try await field.wait("and five more") { gateway.counters.settled == 15 }
                try await reader.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }
            }
        }
    }

    /// Of settled readings the store keeps nothing but signatures, neither in the file nor in the log beside it.
    @Test func settledReadingsLeaveTheStore() async throws {
        try await TestField.with { field in
            field.enrol(try TestField.identity(1))
            try await field.running(try field.configuration()) { gateway in
                try await Self.report(field, 987_654_321..<987_654_322)
                try await field.wait("it is final") { gateway.counters.settled == 1 }
                try await field.wait("it is gone") {
                    ["", "-wal"].allSatisfy { suffix in
                        let file = FileManager.default.contents(atPath: field.folder + "/gateway.sqlite" + suffix)
                        return !(file ?? Foundation.Data()).contains(Foundation.Data("987654321".utf8))
                    }
                }
            }
        }
    }
}

extension Foundation.Data {
    fileprivate func contains(_ other: Foundation.Data) -> Bool { range(of: other) != nil }
}
