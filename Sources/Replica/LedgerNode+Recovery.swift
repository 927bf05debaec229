import ContractKit
import Ledger
import LedgerStore
import Sequencing

extension LedgerNode {
    /// One member that this process runs: its id, its database file and its signing keys.
    public struct LocalMember: Sendable {
        public let id: String
        public let storePath: String
        public let keys: MemberKeys

        public init(id: String, storePath: String, keys: MemberKeys) {
            self.id = id
            self.storePath = storePath
            self.keys = keys
        }
    }

    /// Opens a ledger whose members all live in this process.
    ///
    /// Each replica is audited; a damaged one is left out and named. Replicas that lag catch up from the furthest one, and the head is signed again
    /// where its certificate did not reach the disk.
    public static func embedded(
        genesis: Genesis, members: [LocalMember], contracts: [any Contract], clock: @escaping @Sendable () -> UInt64
    ) async throws -> LedgerNode {
        let (replicas, damaged) = try await open(members, genesis: genesis, contracts: contracts)
        try await catchUp(replicas)
        // Of all that are here, the furthest knows the latest members.
        let signers = replicas.max { $0.head.height < $1.head.height }?.members.current ?? genesis.members
        guard replicas.count(where: { signers.index(of: $0.member.id) != nil }) >= signers.quorum else {
            throw ReplicaError(
                .noQuorum,
                "\(replicas.count) sound replicas, \(signers.quorum) are needed. "
                    + damaged.map { "\($0.member): \($0.error)" }.joined(separator: "; "))
        }
        try await completeCertificates(replicas)
        let node = LedgerNode(
            genesis: genesis, replicas: replicas, damaged: damaged,
            sequencer: EmbeddedSequencer(), clock: clock)
        try node.resumeAtHead()
        try node.followMembers()
        return node
    }

    /// Opens all replicas at once, in the order of their members; damaged ones are named instead.
    private static func open(
        _ members: [LocalMember], genesis: Genesis, contracts: [any Contract]
    ) async throws -> (sound: [Replica], damaged: [(member: String, error: String)]) {
        let opened = try await withThrowingTaskGroup(of: (Int, Result<Replica, StoreError>).self) { group in
            for (place, member) in members.enumerated() {
                group.addTask {
                    do {
                        let store = try LedgerStore(path: member.storePath)
                        return (
                            place,
                            .success(
                                try await Replica.open(
                                    store: store, genesis: genesis, member: member.id, keys: member.keys,
                                    contracts: contracts))
                        )
                    } catch let error as StoreError where error.code == .damaged {
                        return (place, .failure(error))
                    }
                }
            }
            var opened: [(Int, Result<Replica, StoreError>)] = []
            for try await result in group { opened.append(result) }
            return opened.sorted { $0.0 < $1.0 }
        }
        var sound: [Replica] = []
        var damaged: [(member: String, error: String)] = []
        for (place, result) in opened {
            switch result {
            case .success(let replica): sound.append(replica)
            case .failure(let error):
                damaged.append((members[place].id, error.description))
            }
        }
        return (sound, damaged)
    }

    /// Lets replicas that lag execute the blocks of the furthest one, and compares every header.
    private static func catchUp(_ replicas: [Replica]) async throws {
        guard let furthest = replicas.max(by: { $0.head.height < $1.head.height }) else { return }
        for replica in replicas {
            while replica.head.height < furthest.head.height {
                let height = replica.head.height + 1
                guard let block = try furthest.store.block(at: height) else {
                    throw StoreError(.damaged, at: "block \(height)", "\(furthest.member.id) does not have it")
                }
                var statements: [Statement] = []
                for item in block.items {
                    let statement = try item.decoded()
                    try verify(statement, of: block, on: replica)
                    statements.append(statement)
                }
                let execution = try await replica.execute(
                    .init(
                        batch: Batch(
                            epoch: block.header.epoch, proposer: furthest.member.id,
                            clocks: block.header.clocks.map { SignedClock(member: $0.member, clock: $0.clock) },
                            statements: statements)
                    ) { _ in true })
                guard execution.headerHash == Hash32.sha256(block.headerBytes) else {
                    throw ReplicaError(
                        .diverged,
                        "\(replica.member.id) computes another block \(height) than \(furthest.member.id); restore one of them"
                    )
                }
            }
        }
    }

    /// A file that one member keeps is no proof of who signed: what another replica is to execute is verified as when it first came.
    private static func verify(_ statement: Statement, of block: StoredBlock, on replica: Replica) throws {
        let record = try replica.stateValue(MembershipContract.keys.key(statement.kid.hex))
            .flatMap { try KeyRecord(cbor: CBOR.decode($0)) }
        guard let record, statement.isSigned(by: try VerifyingKey(coseKey: record.coseKey)) else {
            throw StoreError(
                .damaged, at: "transaction \(statement.id) in block \(block.header.height)",
                "its signature does not hold; one member's file was altered")
        }
    }

    /// Gives every replica the certificates that it lacks: another's, or one of fresh votes where the process stopped before any was stored.
    /// All replicas hold the same blocks here, so signing again contradicts no earlier vote.
    private static func completeCertificates(_ replicas: [Replica]) async throws {
        for replica in replicas {
            for height in try replica.store.heightsWithoutCertificate() {
                guard let block = try replica.store.block(at: height) else { continue }
                let members = replica.members.members(at: height)
                var certificate = try replicas.lazy.compactMap { try $0.store.certificate(at: height) }.first
                let votes = certificate.flatMap { try? FinalityCertificate(decoding: $0) }?
                    .validVotes(over: block.headerBytes, in: members)
                if votes ?? 0 < members.quorum {
                    certificate = FinalityCertificate(votes: replicas.compactMap { $0.vote(for: block) }).encoded()
                }
                if let certificate { replica.setCertificate(certificate, at: height) }
            }
            try await replica.flushNotes()
        }
    }

    /// All replicas stand at one head, which has its certificate by now.
    private func resumeAtHead() throws {
        let head = serving.head
        guard replicas.allSatisfy({ $0.head == head }), let block = try serving.store.block(at: head.height),
            let certificate = try serving.store.certificate(at: head.height)
        else { throw ReplicaError(.diverged, "the replicas do not stand at one head") }
        state.withLock { $0.nextTimer = serving.nextTimer }
        resume(at: FinalBlock(block: block, certificate: certificate))
    }
}
