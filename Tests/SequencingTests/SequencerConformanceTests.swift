import Broker
import EtcdSequencing
import Foundation
import Ledger
import Sequencing
import TestSupport
import Testing

/// What every order has to keep, whoever makes it. Each reader stands for a member's node.
struct SequencerConformanceTests {
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case embedded, etcd
        var testDescription: String { rawValue }
    }

    @Test(arguments: Kind.allCases)
    func slotsAreDenseAndInTheOrderOfAppending(_ kind: Kind) async throws {
        try await Order.run(kind) { order in
            let sequencer = try order.sequencer(0)
            for number in 0..<5 {
                #expect(try await sequencer.append(order.batch(number)) == UInt64(number))
            }
            #expect(try await sequencer.bounds() == 0..<5)
            for number in 0..<5 {
                #expect(
                    try await sequencer.batch(in: UInt64(number), of: 0, from: order.members).clocks.first?.clock
                        == UInt64(number))
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func manyAppendAndAllReadOneOrder(_ kind: Kind) async throws {
        try await Order.run(kind) { order in
            let (appenders, each) = (4, 25)
            let slots = try await withThrowingTaskGroup(of: [UInt64].self) { group in
                for appender in 0..<appenders {
                    let sequencer = try order.sequencer(appender)
                    group.addTask {
                        var slots: [UInt64] = []
                        for number in 0..<each {
                            let batch = order.batch(appender * 1_000 + number, of: appender)
                            slots.append(try await sequencer.append(batch))
                        }
                        return slots
                    }
                }
                return try await group.reduce(into: [[UInt64]]()) { $0.append($1) }
            }
            #expect(slots.flatMap { $0 }.sorted() == Array(0..<UInt64(appenders * each)))
            #expect(slots.allSatisfy { $0 == $0.sorted() })
            var orders: Set<[UInt64]> = []
            for reader in 0..<appenders {
                let sequencer = try order.sequencer(reader)
                var read: [UInt64] = []
                for slot in 0..<UInt64(appenders * each) {
                    read.append(
                        try await sequencer.batch(in: slot, of: 0, from: order.members).clocks.first?.clock ?? 0)
                }
                orders.insert(read)
            }
            #expect(orders.count == 1)
        }
    }

    @Test(arguments: Kind.allCases)
    func aReaderWaitsForTheSlotToCome(_ kind: Kind) async throws {
        try await Order.run(kind) { order in
            let (reader, writer) = (try order.sequencer(0), try order.sequencer(1))
            async let read = reader.batch(in: 0, of: 0, from: order.members)
            _ = try await writer.append(order.batch(7, of: 1))
            #expect(try await read.clocks.first?.clock == 7)
        }
    }

    @Test(arguments: Kind.allCases)
    func closingEndsTheWait(_ kind: Kind) async throws {
        try await Order.run(kind) { order in
            let sequencer = try order.sequencer(0)
            let read = Task { try await sequencer.batch(in: 0, of: 0, from: order.members) }
            sequencer.close()
            await #expect(throws: CancellationError.self) { try await read.value }
            await #expect(throws: CancellationError.self) { try await sequencer.append(order.batch(0)) }
        }
    }

    @Test(arguments: Kind.allCases)
    func aNewOrderBeginsWithItsFirstSlotAndEndsTheWait(_ kind: Kind) async throws {
        try await Order.run(kind) { order in
            let sequencer = try order.sequencer(0)
            for number in 0..<3 { _ = try await sequencer.append(order.batch(number)) }
            let read = Task { try await sequencer.batch(in: 3, of: 0, from: order.members) }
            try await Task.sleep(for: .milliseconds(50))
            sequencer.begin(1)
            await #expect(throws: SequencingError(.superseded, "")) { try await read.value }
            #expect(try await sequencer.append(order.batch(9, epoch: 1)) == 0)
            #expect(try await sequencer.bounds() == 0..<1)
            #expect(try await sequencer.batch(in: 0, of: 1, from: order.members).clocks.first?.clock == 9)
        }
    }

    @Test(arguments: Kind.allCases)
    func whatAllHaveExecutedIsForgotten(_ kind: Kind) async throws {
        try await Order.run(kind) { order in
            let count = 300
            let sequencers = try (0..<4).map { try order.sequencer($0) }
            for number in 0..<count { _ = try await sequencers[0].append(order.batch(number)) }
            for sequencer in sequencers {
                await sequencer.release(through: UInt64(count - 1), of: 0, by: order.members)
            }
            let bounds = try await sequencers[0].bounds()
            #expect(bounds.lowerBound > 0 && bounds.upperBound == UInt64(count))
            await #expect(throws: SequencingError(.trimmed, "")) {
                try await sequencers[1].batch(in: 0, of: 0, from: order.members)
            }
            #expect(try await sequencers[2].append(order.batch(count, of: 2)) == UInt64(count))
            #expect(
                try await sequencers[3].batch(in: UInt64(count), of: 0, from: order.members).clocks.first?.clock
                    == UInt64(count))
        }
    }
}

/// An order and those who read it: one in memory that all share, or one in an etcd of its own, each member with a connection.
final class Order: Sendable {
    static let keys = (0..<4).map { _ in SigningKey.generate() }
    static let ledger = Hash32.sha256(Bytes("order".utf8))

    let embedded: EmbeddedSequencer?
    let place: EtcdProcess.Place
    let members: MemberSet

    private init(_ kind: SequencerConformanceTests.Kind) throws {
        embedded = kind == .embedded ? EmbeddedSequencer() : nil
        place = .init(name: "only", clientPort: try LoopbackPort.free(), peerPort: try LoopbackPort.free())
        members = try MemberSet(Self.keys.enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) })
    }

    static func run(_ kind: SequencerConformanceTests.Kind, _ body: (Order) async throws -> Void) async throws {
        let order = try Order(kind)
        guard kind == .etcd else { return try await body(order) }
        try await Etcd.run([order.place]) { _ in try await body(order) }
    }

    func sequencer(_ member: Int) throws -> any Sequencer {
        if let embedded { return embedded }
        return try EtcdSequencer(
            .init(endpoints: [place.endpoint]), ledger: Self.ledger, member: "m\(member)",
            signing: .init(Self.keys[member]),
            report: { _ in })
    }

    func batch(_ number: Int, of member: Int = 0, epoch: UInt64 = 0) -> Batch {
        Batch(
            epoch: epoch, proposer: "m\(member)",
            clocks: [.sign(UInt64(number), of: "m\(member)", ledger: Self.ledger, with: Self.keys[member])],
            statements: [])
    }
}
