import Broker
import ChildProcesses
import EtcdSequencing
import Foundation
import Ledger
import Sequencing
import TestSupport
import Testing

/// What can happen to an order in etcd: members of its cluster die, it is restored from an older copy, somebody else writes to it.
struct EtcdSequencerTests {
    private let members: MemberSet

    init() throws {
        members = try MemberSet(Order.keys.enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) })
    }

    private func places(_ count: Int) throws -> [EtcdProcess.Place] {
        try (0..<count).map {
            .init(name: "e\($0)", clientPort: try LoopbackPort.free(), peerPort: try LoopbackPort.free())
        }
    }

    private func sequencer(_ places: [EtcdProcess.Place], member: Int = 0) throws -> EtcdSequencer {
        try EtcdSequencer(
            .init(endpoints: places.map(\.endpoint)), ledger: Order.ledger, member: "m\(member)",
            signing: .init(Order.keys[member]),
            report: { _ in })
    }

    private func batch(_ number: UInt64, of member: Int = 0) -> Batch {
        Batch(
            epoch: 0, proposer: "m\(member)",
            clocks: [.sign(number, of: "m\(member)", ledger: Order.ledger, with: Order.keys[member])], statements: [])
    }

    /// Runs etcd's own command line tool.
    private func etcdctl(_ place: EtcdProcess.Place, _ arguments: String..., mayFail: Bool = false) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/etcdctl")
        process.arguments = ["--endpoints", place.endpoint] + arguments
        process.environment = ["ETCDCTL_API": "3"]
        process.standardOutput = FileHandle.nullDevice
        if mayFail { process.standardError = FileHandle.nullDevice }
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 || mayFail)
    }

    @Test func theOrderGoesOnWithoutOneEtcd() async throws {
        let places = try places(3)
        try await Etcd.run(places) { processes in
            let sequencer = try sequencer(places)
            #expect(try await sequencer.append(batch(0)) == 0)
            for round in 0..<2 {
                // Whichever leads now, one of two rounds takes a leader or makes the connection move.
                if round == 0 { processes[0].kill() }
                for number in 1...10 {
                    let slot = UInt64(round * 10 + number)
                    #expect(try await sequencer.append(batch(slot)) == slot)
                }
            }
            let reader = try self.sequencer(Array(places.dropFirst()), member: 1)
            for slot in 0...20 {
                #expect(
                    try await reader.batch(in: UInt64(slot), of: 0, from: members).clocks.first?.clock == UInt64(slot))
            }
            #expect(sequencer.trouble == nil)
        }
    }

    @Test func anOrderThatWentBackIsRefused() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            let sequencer = try sequencer(places)
            for number in 0..<3 { _ = try await sequencer.append(batch(UInt64(number))) }
            // As a restored older copy has it.
            try etcdctl(places[0], "del", "--prefix", "cairn/")
            await #expect(throws: SequencingError(.rewound, "")) { try await sequencer.append(batch(3)) }
            await #expect(throws: SequencingError(.rewound, "")) {
                try await sequencer.batch(in: 3, of: 0, from: members)
            }
        }
    }

    @Test func whenHalfOfEtcdIsFullNodesWaitAndSayIt() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            let crowded = try EtcdSequencer(
                .init(endpoints: places.map(\.endpoint), quotaBytes: 20_000), ledger: Order.ledger, member: "m0",
                signing: MemberKeys(Order.keys[0]), report: { _ in })
            let waiting = Task { try await crowded.append(batch(0)) }
            while crowded.trouble?.contains("more than half of its quota") != true {
                try await Task.sleep(for: .milliseconds(20))
            }
            // Others that know of more room go on.
            #expect(try await sequencer(places, member: 1).append(batch(0, of: 1)) == 0)
            crowded.close()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }

    @Test func anEtcdWithoutSpaceIsNamedAndGoesOnOnceItHasSome() async throws {
        let places = try places(1)
        try await Etcd.run(places, quota: 600_000) { _ in
            let sequencer = try sequencer(places)
            #expect(try await sequencer.append(batch(0)) == 0)
            // Somebody else fills it.
            for _ in 0..<40 {
                try etcdctl(places[0], "put", "other", String(repeating: "x", count: 60_000), mayFail: true)
            }
            let waiting = Task { try await sequencer.append(batch(1)) }
            while sequencer.trouble?.contains("no space left") != true { try await Task.sleep(for: .milliseconds(20)) }
            try etcdctl(places[0], "del", "other", mayFail: true)
            try etcdctl(places[0], "compact", "30", mayFail: true)
            try etcdctl(places[0], "defrag")
            try etcdctl(places[0], "alarm", "disarm")
            #expect(try await waiting.value == 1)
            #expect(sequencer.trouble == nil)
        }
    }

    @Test func aMissingSlotIsNoEndOfTheOrder() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            let sequencer = try sequencer(places)
            for number in 0..<4 { _ = try await sequencer.append(batch(UInt64(number))) }
            try etcdctl(places[0], "del", "cairn/\(Order.ledger.hex)/slots/0000000000000002")
            let reader = try self.sequencer(places, member: 1)
            _ = try await reader.batch(in: 0, of: 0, from: members)
            await #expect(throws: SequencingError(.broken, "")) {
                try await self.sequencer(places).batch(in: 2, of: 0, from: members)
            }
        }
    }

    @Test func anotherSlotInItsPlaceBreaksTheChain() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            let sequencer = try sequencer(places)
            for number in 0..<2 { _ = try await sequencer.append(batch(UInt64(number))) }
            try etcdctl(places[0], "put", "cairn/\(Order.ledger.hex)/slots/0000000000000001", "x")
            let reader = try self.sequencer(places, member: 1)
            await #expect(throws: SequencingError(.broken, "")) {
                for slot in 0..<2 { _ = try await reader.batch(in: UInt64(slot), of: 0, from: members) }
            }
        }
    }

    /// Whoever can write to etcd orders what he likes, but speaks for no member.
    @Test func aBatchOfAStrangerIsEmptyToAll() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            let stranger = SigningKey.generate()
            let writer = try EtcdSequencer(
                .init(endpoints: places.map(\.endpoint)), ledger: Order.ledger, member: "m0", signing: .init(stranger),
                report: { _ in })
            _ = try await writer.append(batch(5))
            let read = try await sequencer(places, member: 1).batch(in: 0, of: 0, from: members)
            #expect(read.clocks.isEmpty && read.statements.isEmpty)
        }
    }

    /// A member hands on what another's clock showed, and invents nothing.
    @Test func aClockThatItsMemberDidNotSignIsNone() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            let genuine = SignedClock.sign(8, of: "m3", ledger: Order.ledger, with: Order.keys[3])
            let invented = SignedClock.sign(9, of: "m2", ledger: Order.ledger, with: Order.keys[1])
            let lie = Batch(epoch: 0, proposer: "m2", clocks: [genuine, invented], statements: [])
            _ = try await sequencer(places, member: 1).append(lie)
            let read = try await sequencer(places, member: 0).batch(in: 0, of: 0, from: members)
            #expect(read.clocks == [genuine])
            #expect(read.proposer == "m1")
        }
    }

    @Test func aUserAndPasswordLetIn() async throws {
        let places = try places(1)
        try await Etcd.run(places) { _ in
            try etcdctl(places[0], "user", "add", "root:secret")
            try etcdctl(places[0], "user", "grant-role", "root", "root")
            try etcdctl(places[0], "auth", "enable")
            let sequencer = try EtcdSequencer(
                .init(endpoints: places.map(\.endpoint), user: ("root", "secret")), ledger: Order.ledger,
                member: "m0", signing: .init(Order.keys[0]), report: { _ in })
            #expect(try await sequencer.append(batch(0)) == 0)
            #expect(try await sequencer.batch(in: 0, of: 0, from: members).clocks.first?.clock == 0)
        }
    }

    @Test func tlsUpToTheAuthorityThatIsNamed() async throws {
        let place = try places(1)[0]
        let folder = URL.temporaryDirectory.appending(path: "cairn-etcd-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try CertificateAuthority(folder: folder.appending(path: "ca").path).issueServer()
        let url = "https://\(place.endpoint)"
        let etcd = try ChildProcess(
            EtcdProcess.program,
            [
                "--data-dir", folder.appending(path: "data").path, "--listen-client-urls", url,
                "--advertise-client-urls", url, "--listen-peer-urls", "http://127.0.0.1:\(place.peerPort)",
                "--cert-file", server.certificate, "--key-file", server.key,
            ], logFile: folder.appending(path: "etcd.log").path)
        func sequencer(_ authority: String?) throws -> EtcdSequencer {
            try EtcdSequencer(
                .init(endpoints: [place.endpoint], tls: .init(authorityFile: authority)), ledger: Order.ledger,
                member: "m0", signing: .init(Order.keys[0]), report: { _ in })
        }
        #expect(try await sequencer(server.authority).append(batch(0)) == 0)
        // The system's authorities do not vouch for it: nothing is sent.
        let wary = try sequencer(nil)
        let attempt = Task { try await wary.append(batch(1)) }
        while wary.trouble == nil { try await Task.sleep(for: .milliseconds(10)) }
        wary.close()
        await #expect(throws: CancellationError.self) { try await attempt.value }
        await etcd.stop()
    }
}
