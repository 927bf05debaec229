/// Verifies an evidence bundle from its bytes alone, asking nobody.
///
/// The checks are those of docs/reference/formats.md, "Evidence bundle", in that order; each is reported, passed or failed.
public struct EvidenceVerifier {
    public struct Check: Sendable, Hashable {
        public let number: Int
        public let title: String
        public let passed: Bool
        /// What was compared, or what is wrong.
        public let detail: String
    }

    public struct Report: Sendable {
        public let checks: [Check]
        public var passed: Bool { !checks.isEmpty && checks.allSatisfy(\.passed) }
        /// What no proof of this kind can show.
        public static let limits = [
            "that a sensor told the truth: it shows which device signed a value, and that the value was not changed since",
            "that a person wrote the truth: it shows who signed a statement and when it became final",
            "that nothing else is on the ledger: compare a checkpoint you kept to see that nothing was taken away",
        ]
    }

    let bundle: EvidenceBundle
    private let expectedLedger: Hash32?
    let trustedMembers: Hash32?
    private var checks: [Check] = []
    private(set) var members: MemberHistory?
    private(set) var headers: [BlockHeader?] = []
    private var keys: [Hash32: KeyRecord] = [:]

    /// A key as the ledger's state records it.
    private struct KeyRecord {
        let key: VerifyingKey
        let owner: String
        let from: UInt64
        let until: UInt64?

        func isValid(at height: UInt64) -> Bool { from <= height && until.map { height < $0 } ?? true }
    }

    /// - Parameters:
    ///   - expectedLedger: the ledger id that the verifier trusts; nil reports the id found.
    ///   - trustedMembers: hash of the member set that signs today, as the verifier knows it from elsewhere; then older
    ///     keys, which somebody may have stolen or broken since, cannot make evidence.
    public static func verify(_ bytes: Bytes, expectedLedger: Hash32? = nil, trustedMembers: Hash32? = nil) -> Report {
        do {
            var verifier = EvidenceVerifier(
                bundle: try EvidenceBundle(decoding: bytes), expectedLedger: expectedLedger,
                trustedMembers: trustedMembers)
            verifier.run()
            return Report(checks: verifier.checks)
        } catch {
            return Report(checks: [
                Check(number: 1, title: "The file is well formed", passed: false, detail: "\(error)")
            ])
        }
    }

    private init(bundle: EvidenceBundle, expectedLedger: Hash32?, trustedMembers: Hash32?) {
        self.bundle = bundle
        self.trustedMembers = trustedMembers
        self.expectedLedger = expectedLedger
    }

    private mutating func run() {
        add("The file is well formed", true, "\(bundle.records.count) records, \(bundle.readings.count) readings")
        checkGenesis()
        checkBlocks()
        for index in bundle.records.indices { checkInclusion(index) }
        for record in bundle.state { checkState(record) }
        for index in bundle.records.indices { checkSignature(index) }
        for index in bundle.readings.indices { checkReading(index) }
        checkCheckpoint()
        checkRenewal()
        checkTrusted()
    }

    mutating func add(_ title: String, _ passed: Bool, _ detail: String) {
        checks.append(Check(number: checks.count + 1, title: title, passed: passed, detail: detail))
    }

    private mutating func checkGenesis() {
        do {
            let genesis = try Genesis(decoding: bundle.genesis)
            let history = try MemberHistory(genesis, announced: bundle.changes)
            members = history
            let matches = expectedLedger.map { $0 == genesis.id } ?? true
            add(
                "The ledger is the expected one", matches,
                "\(genesis.name), \(history.current.count) members, id \(genesis.id)"
                    + (bundle.changes.isEmpty ? "" : ", \(bundle.changes.count) changes of members followed")
                    + (expectedLedger == nil ? " (compare it with the id you trust)" : ""))
        } catch {
            add("The ledger is the expected one", false, error.message)
        }
    }

    private mutating func checkBlocks() {
        for block in bundle.blocks {
            guard let members, let header = try? BlockHeader(decoding: block.header),
                let certificate = try? FinalityCertificate(decoding: block.certificate)
            else {
                headers.append(nil)
                add("A block is final", false, "its header or certificate is malformed")
                continue
            }
            let signers = members.members(at: header.height)
            let votes = certificate.validVotes(over: block.header, in: signers)
            let final = finalHeader(block)
            headers.append(final)
            add(
                "Block \(header.height) is final", final != nil,
                header.ledger == Hash32.sha256(bundle.genesis)
                    ? "\(votes) of \(signers.count) members signed it; \(signers.quorum) are needed"
                    : "it belongs to another ledger or member set")
        }
    }

    /// The header of a block that a quorum of its height signed; nil for any other.
    func finalHeader(_ block: EvidenceBundle.Block) -> BlockHeader? {
        guard let members, let header = try? BlockHeader(decoding: block.header),
            let certificate = try? FinalityCertificate(decoding: block.certificate)
        else { return nil }
        let signers = members.members(at: header.height)
        let votes = certificate.validVotes(over: block.header, in: signers)
        let isOurs =
            header.ledger == Hash32.sha256(bundle.genesis)
            && header.nextMembers == members.members(after: header.height).hash
        // A vote that does not hold has no business in a certificate, also where enough others do.
        return isOurs && votes >= signers.quorum && votes == certificate.votes.count ? header : nil
    }

    private mutating func checkInclusion(_ index: Int) {
        let record = bundle.records[index]
        let title = "Record \(index + 1) is in the log"
        guard let header = headers[record.block] else { return add(title, false, "its block is not final") }
        let root = record.inclusion.root(of: MerkleTree.leafHash(record.statement))
        add(
            title, root == header.logRoot && record.inclusion.size == header.logSize,
            "leaf \(record.inclusion.index) of \(header.logSize), block \(header.height)")
    }

    private mutating func checkState(_ record: EvidenceBundle.StateRecord) {
        let name = String(decoding: record.key, as: UTF8.self)
        let title = "The state record \(name.prefix(48)) is current"
        guard let head = headers.last.flatMap({ $0 }) else { return add(title, false, "the head is not final") }
        let holds = record.proof.verify(key: record.key, value: record.value, root: head.stateRoot)
        add(title, holds, "state of block \(head.height)")
        guard holds, name.hasPrefix("membership/keys/"), let map = try? CBOR.decode(record.value).map,
            let encoded = map["key"]?.bytes, let key = try? VerifyingKey(coseKey: encoded),
            let owner = map["owner"]?.text, let from = map["from"]?.unsigned, let until = map["until"],
            name == "membership/keys/\(key.kid.hex)"
        else { return }
        keys[key.kid] = KeyRecord(key: key, owner: owner, from: from, until: until.unsigned)
    }

    private mutating func checkSignature(_ index: Int) {
        let record = bundle.records[index]
        let title = "Record \(index + 1) is signed by who it says"
        guard let header = headers[record.block], let statement = try? Statement(decoding: record.statement) else {
            return add(title, false, "the statement or its block is malformed")
        }
        guard let known = keys[statement.kid], known.owner == statement.issuer, known.isValid(at: header.height) else {
            return add(title, false, "no key of \(statement.issuer) with this id was valid at block \(header.height)")
        }
        let holds = statement.isSigned(by: known.key) && statement.ledger == header.ledger
        add(
            title, holds,
            "\(statement.issuer): \(statement.operation.contract) \(statement.operation.name), \(statement.subject)")
    }

    private mutating func checkReading(_ index: Int) {
        let proved = bundle.readings[index]
        let title = "Reading \(index + 1) comes from its device"
        let batchRecord = bundle.records[proved.record]
        guard let header = headers[batchRecord.block], let reading = try? Reading(decoding: proved.reading),
            let batch = try? Statement(decoding: batchRecord.statement), batch.operation.contract == "telemetry",
            let root = batch.operation.arguments["root"]?.hash32
        else { return add(title, false, "the reading or its batch is malformed") }
        guard proved.inclusion.root(of: MerkleTree.leafHash(proved.reading)) == root else {
            return add(title, false, "the reading is not in the batch that the gateway signed")
        }
        guard let device = reading.device, let known = keys[reading.kid], known.owner == device,
            known.isValid(at: header.height)
        else { return add(title, false, "no key of this device was valid at block \(header.height)") }
        add(
            title, reading.isSigned(by: known.key),
            "\(device), message \(reading.sequence), \(reading.payload.count) bytes")
    }

    private mutating func checkCheckpoint() {
        guard let note = bundle.checkpoint else { return }
        let title = "The checkpoint names the head's log"
        guard let members, let head = headers.last.flatMap({ $0 }) else { return add(title, false, "no head") }
        do {
            let (checkpoint, signers, others) = try Checkpoint.verify(note: note, ledger: head.ledger, members: members)
            // The head's SEAL leaf is one leaf beyond the size that its header names.
            let quorum = members.members(atLogSize: checkpoint.size).quorum
            let fits = checkpoint.size == head.logSize + 1 && signers.count >= quorum && others == 0
            add(title, fits, "\(checkpoint.size) leaves, signed by \(signers.sorted().joined(separator: ", "))")
        } catch {
            add(title, false, error.message)
        }
    }
}
