import APIKit
import ContractKit
import Crypto
import Foundation
import Ledger
import Logging
import NIOSSL
import Replica
import Sequencing
import Synchronization
import Testing
import X509

@testable import Peers

/// Two members' nodes over real connections: who answers is known by the ledger's key, and by nothing else.
struct PeerSecurityTests {
    private static let clock: @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1000) }
    private let logger = Logger(label: "test")

    /// A ledger of two members.
    private struct Ledgers {
        let keys = [SigningKey.generate(), SigningKey.generate()]
        let genesis: Genesis
        let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")

        init() throws {
            genesis = Genesis(
                name: "test", time: 1_700_000_000_000,
                members: try MemberSet(keys.enumerated().map { .init(id: "m\($0)", key: $1.verifyingKey) }),
                memberNames: [("m0", "Zero"), ("m1", "One")], participants: [],
                contracts: [.init(contract: "membership", version: 1, height: 0)], parameters: CBORMap([]))
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        /// - Parameter next: keys that the members' nodes have too.
        func node(_ next: [SigningKey]? = nil) async throws -> LedgerNode {
            try await LedgerNode.embedded(
                genesis: genesis,
                members: try (0..<2).map { member in
                    let held = [keys[member]] + (next.map { [$0[member]] } ?? [])
                    return .init(
                        id: "m\(member)", storePath: folder.appending(path: "m\(member).sqlite").path,
                        keys: try MemberKeys { _ in
                        } load: {
                            held
                        })
                }, contracts: [MembershipContract()], clock: PeerSecurityTests.clock)
        }
    }

    /// Runs servers as long as `body` does, each with what it is reached by.
    private func serving<R>(
        _ run: @escaping @Sendable (@escaping @Sendable (Int) async -> Void) async throws -> Void,
        _ body: (Int) async throws -> R
    ) async throws -> R {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let task = Task {
            defer { found.finish() }
            try await run { found.yield($0) }
        }
        defer { task.cancel() }
        for await port in ports { return try await body(port) }
        try await task.value
        throw CancellationError()
    }

    private func client(_ ledgers: borrowing Ledgers, at port: Int, _ told: @escaping @Sendable (String?) -> Void)
        -> PeerClient
    {
        PeerClient(
            genesis: ledgers.genesis, member: "m1", keys: .init(ledgers.keys[1]),
            addresses: ["m0": "https://127.0.0.1:\(port)"], clock: Self.clock
        ) { _, trouble in told(trouble) }
    }

    @Test func theNodeWithTheMembersKeyIsAsked() async throws {
        let ledgers = try Ledgers()
        defer { try? FileManager.default.removeItem(at: ledgers.folder) }
        let server = PeerServer(
            node: try await ledgers.node(), keys: .init(ledgers.keys[0]), host: "127.0.0.1", port: 0, clock: Self.clock,
            logger: logger)
        try await serving(server.run) { port in
            let client = client(ledgers, at: port) { Issue.record("\($0 ?? "again")") }
            let (standing, votes) = (try await client.standing(of: "m0"), try await client.votes(from: 0, of: "m0"))
            #expect(standing.finalHeight == 0)
            #expect(!votes.isEmpty)
        }
    }

    /// A server that counts what it is asked, with a certificate of its own making.
    private func counting(_ security: TLSConfiguration?, _ asked: @escaping @Sendable (String) -> Void)
        -> @Sendable (@escaping @Sendable (Int) async -> Void) async throws -> Void
    {
        let routes = [PeerRoutes.changes, "/peer/v1/standing"].map { path in
            Route(.get, path, "", tag: "peers", access: .anyone, produces: PeerRoutes.contentType) { request in
                asked(request.path)
                let answer: CBOR =
                    path == PeerRoutes.changes ? .array([]) : PeerStanding(finalHeight: 7, lastVote: nil).cbor
                return .bytes(answer.encoded(), PeerRoutes.contentType)
            }
        }
        let sessions = Sessions(port: 0, directory: { _ in nil }, keys: nil, clock: Self.clock)
        let server = Server(routes: routes, sessions: sessions, logger: logger)
        return { try await server.run(host: "127.0.0.1", port: 0, security: security, ready: $0) }
    }

    @Test func whoeverShowsAnotherKeyIsAskedNothingButWhoTheMembersAre() async throws {
        let ledgers = try Ledgers()
        let asked = Mutex<[String]>([])
        let told = Mutex<[String?]>([])
        let stranger = try PeerSecurity.server(of: .init(ledgers.keys[1]))
        try await serving(counting(stranger) { path in asked.withLock { $0.append(path) } }) { port in
            let client = client(ledgers, at: port) { trouble in told.withLock { $0.append(trouble) } }
            for _ in 0..<3 {
                await #expect(throws: PeerError(.impostor, "")) { try await client.standing(of: "m0") }
            }
            #expect(asked.withLock { $0 } == [PeerRoutes.changes])
            // Once, in words.
            #expect(told.withLock { $0.count } == 1)
            #expect(told.withLock { $0.first??.contains("does not show the key of m0") } == true)
        }
    }

    @Test func whoSpeaksNoTLSIsAskedNothing() async throws {
        let ledgers = try Ledgers()
        let asked = Mutex<[String]>([])
        try await serving(counting(nil) { path in asked.withLock { $0.append(path) } }) { port in
            let client = client(ledgers, at: port) { _ in }
            await #expect(throws: PeerError(.impostor, "")) { try await client.standing(of: "m0") }
            #expect(asked.withLock { $0 }.isEmpty)
        }
    }

    @Test func anAddressWithoutTLSIsNotUsed() async throws {
        let ledgers = try Ledgers()
        let asked = Mutex<[String]>([])
        try await serving(counting(nil) { path in asked.withLock { $0.append(path) } }) { port in
            let client = PeerClient(
                genesis: ledgers.genesis, member: "m1", keys: .init(ledgers.keys[1]),
                addresses: ["m0": "http://127.0.0.1:\(port)"], clock: Self.clock
            ) { _, _ in }
            await #expect(throws: PeerError(.unknown, "")) { try await client.standing(of: "m0") }
            #expect(asked.withLock { $0 }.isEmpty)
        }
    }

    /// Made by other software, with other names and times: the key is what counts. And one that only names the key is refused.
    @Test func anyCertificateOfTheKeyWillDoAndNoneThatItDidNotSign() async throws {
        let ledgers = try Ledgers()
        let kid = ledgers.keys[0].kid.hex
        let member = Certificate.PrivateKey(
            try Curve25519.Signing.PrivateKey(rawRepresentation: ledgers.keys[0].rawRepresentation))
        for (signer, isGood) in [(member, true), (Certificate.PrivateKey(Curve25519.Signing.PrivateKey()), false)] {
            let own = Certificate.PrivateKey(Curve25519.Signing.PrivateKey())
            let leaf = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: own.publicKey, notValidBefore: Date() - 60,
                notValidAfter: Date() + 3600, issuer: try DistinguishedName { CommonName(kid) },
                subject: try DistinguishedName { CommonName("somewhere") }, signatureAlgorithm: .ed25519,
                extensions: Certificate.Extensions(), issuerPrivateKey: signer)
            var security = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Bytes(leaf.serializeAsPEM().pemString.utf8))
                    .map { .certificate($0) },
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: Bytes(own.serializeAsPEM().pemString.utf8), format: .pem)))
            security.signingSignatureAlgorithms = [.ed25519]
            try await serving(counting(security) { _ in }) { port in
                let client = client(ledgers, at: port) { _ in }
                if isGood {
                    let standing = try await client.standing(of: "m0")
                    #expect(standing.finalHeight == 7)
                } else {
                    await #expect(throws: PeerError(.impostor, "")) { try await client.standing(of: "m0") }
                }
            }
        }
    }

    private func rotate(_ member: Int, of ledgers: borrowing Ledgers, to next: SigningKey, on node: LedgerNode)
        async throws
    {
        let old = ledgers.keys[member]
        let proof = next.sign(MembershipContract.possession(of: "m\(member)", after: old.kid))
        let statement = try Statement.sign(
            Ledger.Operation(
                "membership", "rotateMember", [("key", .bytes(next.verifyingKey.coseKey)), ("proof", .bytes(proof))]),
            issuer: "member-m\(member)", subject: "key", validUntil: Self.clock() / 1000 + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: ledgers.genesis.id, with: old)
        try node.submit(try node.admit(statement.bytes))
        let outcome = try #require(try await node.outcome(of: statement.id, within: 20_000))
        #expect(outcome.word == "FINAL")
    }

    /// A node that knows genesis alone, where all others have other keys by now, and its own member too.
    @Test func keysThatAreNewerThanTheLedgerHereAreLearntFromWhoeverHasThem() async throws {
        let ledgers = try Ledgers()
        defer { try? FileManager.default.removeItem(at: ledgers.folder) }
        let next = [SigningKey.generate(), SigningKey.generate()]
        let node = try await ledgers.node(next)
        let running = Task { await node.run() }
        for member in 0..<2 { try await rotate(member, of: ledgers, to: next[member], on: node) }
        let server = PeerServer(
            node: node, keys: node.serving.member.keys, host: "127.0.0.1", port: 0, clock: Self.clock, logger: logger)
        try await serving(server.run) { port in
            let keys = try MemberKeys { _ in
            } load: {
                [ledgers.keys[1], next[1]]
            }
            let client = PeerClient(
                genesis: ledgers.genesis, member: "m1", keys: keys, addresses: ["m0": "https://127.0.0.1:\(port)"],
                clock: Self.clock
            ) { _, trouble in Issue.record("\(trouble ?? "again")") }
            #expect(client.key(of: "m0") == ledgers.keys[0].verifyingKey)
            let standing = try await client.standing(of: "m0")
            #expect(standing.finalHeight >= 2)
            #expect(client.key(of: "m0") == next[0].verifyingKey)
        }
        running.cancel()
        await running.value
    }
}
