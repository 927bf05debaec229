import ContractKit
import Foundation
import Ledger
import Replica

/// Keeps the epoch keys of the owners hosted at this node, and hands them out to readers whom the ledger's grants allow.
///
/// Nothing is handed out before the access is on the ledger, signed by the owner: who, what, when, under which grant.
public struct KeyService: Sendable {
    /// How long after its signing a request for keys is answered, seconds.
    public static let maximumAge: UInt64 = 600
    /// How long the record of an access may take to become final, ms.
    private static let wait: UInt64 = 30_000

    /// A key, wrapped for who asked.
    public struct Release: Sendable {
        public let epoch: StreamEpoch
        public let secret: WrappedSecret
        public let commitment: Hash32
    }

    private let vaults: Vaults
    private let signingKey: @Sendable (String) throws -> SigningKey?

    /// - Parameter signingKey: the owner's, for the record of an access; nil where it is not kept here.
    public init(vaults: Vaults, signingKey: @escaping @Sendable (String) throws -> SigningKey?) {
        self.vaults = vaults
        self.signingKey = signingKey
    }

    // MARK: From gateways

    /// Takes an epoch's key for the stream's owner. The commitment that the gateway registered tells whether it is the
    /// right one, so it does not matter who brings it.
    ///
    /// - Throws: ``KeyServiceError`` with `notFound`, `notHosted` or `wrongKey`.
    public func deliver(_ secret: WrappedSecret, of epoch: StreamEpoch) throws {
        let record = try record(of: epoch)
        let key: EpochKey
        do {
            key = try EpochKey.unwrap(
                secret, of: epoch, recipient: record.owner, grant: nil,
                with: try vaults.folder.decryptionKey(of: record.owner), commitment: record.commitment)
        } catch let error as LedgerError {
            throw KeyServiceError(.wrongKey, error.message)
        }
        try vaults.keys.insert(key, holder: record.owner, grant: nil)
        try vaults.open(epoch, for: record.owner)
    }

    private func record(of epoch: StreamEpoch) throws -> EpochRecord {
        let key = EpochRecord.key(gateway: epoch.gateway, stream: epoch.stream, number: epoch.number)
        guard let record = try vaults.state.get(TelemetryContract.epochs, key) else {
            throw KeyServiceError(
                .notFound, "epoch \(epoch.number) of \(epoch.stream) is not on the ledger; register it first")
        }
        return record
    }

    // MARK: To readers

    /// Answers a reader's signed request `["grants", "fetch", {"grant": id, "epochs": [* range]}]` with wrapped keys.
    /// `epochs` may be left out: all that the grant covers. The same request again is answered again without a second
    /// record.
    ///
    /// - Returns: the keys, and the transaction that records the access.
    /// - Throws: ``KeyServiceError``; `ReplicaError` where the request is not signed by who it says.
    public func fetch(_ request: Bytes) async throws -> [Release] {
        let statement = try vaults.node.admit(request)
        let (reader, id, asked) = try terms(of: statement)
        guard let grant = try vaults.state.get(GrantsContract.grants, id) else {
            throw KeyServiceError(.notFound, "there is no grant \(id)")
        }
        guard grant.terms.reader == reader else {
            throw KeyServiceError(.notGranted, "the grant \(id) is not for \(reader)")
        }
        let recipient = try encryptionKey(of: reader)
        // An answer that was lost is given again, as long as the grant holds.
        let earlier = try vaults.state.get(GrantsContract.releases, statement.id.hex)
        guard grant.isLive(at: vaults.now) else {
            throw KeyServiceError(.notGranted, "the grant \(id) is revoked or over; ask the owner for a new one")
        }
        if earlier == nil {
            let ranges = try asked ?? covered(by: grant)
            if let other = ranges.first(where: { !grant.terms.streams.contains($0.stream) }) {
                throw KeyServiceError(
                    .notGranted, "the grant \(id) does not cover \(other.stream); ask for that stream")
            }
            try await release(ranges, grant: id, owner: grant.terms.owner, request: statement.id)
        }
        guard let release = try vaults.state.get(GrantsContract.releases, statement.id.hex), release.grant == id else {
            throw KeyServiceError(.notRecorded, "the access is not on the ledger; ask again")
        }
        return try wrap(release.epochs, owner: grant.terms.owner, reader: reader, grant: id, for: recipient)
    }

    /// What is asked, and for whom: a person asks for the organisation that the person acts for.
    private func terms(
        of statement: Statement
    ) throws -> (reader: String, grant: String, epochs: [EpochRange]?) {
        let arguments = statement.operation.arguments
        guard statement.operation.contract == "grants", statement.operation.name == "fetch",
            let grant = arguments[text: "grant"]?.text
        else { throw KeyServiceError(.request, "a request for keys is the operation grants fetch, signed") }
        let now = vaults.now
        guard statement.validUntil >= now / 1000, statement.validUntil <= now / 1000 + Self.maximumAge else {
            throw KeyServiceError(.request, "a request for keys is valid for at most \(Self.maximumAge) s; sign anew")
        }
        let state = vaults.state
        guard let key = try state.get(MembershipContract.keys, statement.kid.hex), key.kind == .participant,
            key.isValid(at: vaults.node.finalHeight + 1),
            let signer = try state.get(MembershipContract.participants, statement.issuer), signer.isVouchedFor(at: now)
        else { throw KeyServiceError(.notGranted, "\(statement.issuer) or the key that signed is revoked") }
        let reader = signer.organisation ?? statement.issuer
        guard try state.get(MembershipContract.participants, reader)?.isVouchedFor(at: now) ?? false else {
            throw KeyServiceError(.notGranted, "\(reader) is revoked")
        }
        guard let items = arguments[text: "epochs"]?.array else { return (reader, grant, nil) }
        do {
            return (reader, grant, try items.map { try EpochRange(cbor: $0) })
        } catch let error as ContractError {
            throw KeyServiceError(.request, error.message)
        }
    }

    private func encryptionKey(of reader: String) throws -> EncryptionKey {
        guard let record = try vaults.state.get(GrantsContract.keys, reader) else {
            throw KeyServiceError(
                .noEncryptionKey, "\(reader) has no encryption key on the ledger; register one with setEncryptionKey")
        }
        return try EncryptionKey(record.key)
    }

    /// The epochs of a grant's streams, of every gateway, that hold readings of its period.
    public func covered(by grant: GrantRecord) throws -> [EpochRange] {
        var ranges: [EpochRange] = []
        for (key, _) in try vaults.state.scan(TelemetryContract.latestEpochs, limit: ReadAccess.maximumGrants) {
            let parts = key.split(separator: "/").map(String.init)
            guard parts.count == 2, grant.terms.streams.contains(parts[1]) else { continue }
            let prefix = EpochRecord.prefix(gateway: parts[0], stream: parts[1])
            for (name, epoch) in try vaults.state.scan(
                TelemetryContract.epochs, prefix: prefix, limit: ReadAccess.maximumGrants)
            where grant.covers(epoch) {
                guard let number = UInt64(name.dropFirst(prefix.count)) else { continue }
                if let last = ranges.last, last.gateway == parts[0], last.stream == parts[1], last.last + 1 == number {
                    ranges[ranges.count - 1].last = number
                } else {
                    ranges.append(EpochRange(gateway: parts[0], stream: parts[1], first: number, last: number))
                }
            }
        }
        return ranges
    }

    /// Puts the access on the ledger. The contract checks the grant once more, at ledger time.
    private func release(
        _ ranges: [EpochRange], grant: String, owner: String, request: Hash32
    ) async throws {
        guard !ranges.isEmpty else {
            throw KeyServiceError(.notFound, "the grant \(grant) covers no readings yet; ask again when there are some")
        }
        guard let key = try signingKey(owner) else {
            throw KeyServiceError(.notHosted, "the keys of \(owner) are not kept at this node")
        }
        let operation = Ledger.Operation(
            "grants", "release",
            [("grant", .text(grant)), ("request", .hash(request)), ("epochs", .array(ranges.map(\.cbor)))])
        let statement = try Statement.sign(
            operation, issuer: owner, subject: grant, validUntil: vaults.now / 1000 + Self.maximumAge,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: vaults.node.ledger, with: key)
        try vaults.node.submit(try vaults.node.admit(statement.bytes))
        guard let outcome = try await vaults.node.outcome(of: statement.id, within: Self.wait) else {
            throw KeyServiceError(.notRecorded, "the record of the access is not final yet; ask again in a minute")
        }
        if let rejection = outcome.result.rejection {
            throw KeyServiceError(.notGranted, "\(rejection.message) (\(rejection.contract) \(rejection.code))")
        }
    }

    private func wrap(
        _ ranges: [EpochRange], owner: String, reader: String, grant: String, for recipient: EncryptionKey
    ) throws -> [Release] {
        var releases: [Release] = []
        for range in ranges {
            for number in range.first...range.last {
                let epoch = StreamEpoch(
                    ledger: vaults.node.ledger, gateway: range.gateway, stream: range.stream, number: number)
                guard let key = try vaults.keys.key(of: epoch, holder: owner) else {
                    throw KeyServiceError(.notHosted, "the key of epoch \(number) of \(range.stream) was erased")
                }
                releases.append(
                    Release(
                        epoch: epoch, secret: try key.wrapped(for: reader, recipient, grant: grant),
                        commitment: key.commitment))
            }
        }
        return releases
    }

    // MARK: For readers hosted here

    /// Fetches the keys of a grant that the reader does not have yet, for a reader whose keys are kept here.
    ///
    /// - Parameter signer: who asks for the reader: itself, or a person who acts for it.
    /// - Returns: how many keys came.
    @discardableResult
    public func fetch(grant id: String, as reader: String, signer: String) async throws -> Int {
        guard let grant = try vaults.state.get(GrantsContract.grants, id) else {
            throw KeyServiceError(.notFound, "there is no grant \(id)")
        }
        let own = try vaults.folder.decryptionKey(of: reader)
        guard let key = try signingKey(signer) else {
            throw KeyServiceError(.notHosted, "the key of \(signer) is not kept at this node")
        }
        let missing = try missing(grant, reader: reader)
        // A grant that is over is refused by the service; one without news needs no request.
        if missing.isEmpty && grant.isLive(at: vaults.now) { return 0 }
        let asked = missing.prefix(GrantsContract.maximumRanges).map(\.cbor)
        let request = try Statement.sign(
            Ledger.Operation("grants", "fetch", [("grant", .text(id)), ("epochs", .array(asked))]), issuer: signer,
            subject: id, validUntil: vaults.now / 1000 + Self.maximumAge / 2,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: vaults.node.ledger, with: key)
        let releases = try await fetch(request.bytes)
        for release in releases {
            let key = try EpochKey.unwrap(
                release.secret, of: release.epoch, recipient: reader, grant: id, with: own,
                commitment: release.commitment)
            try vaults.keys.insert(key, holder: reader, grant: id)
            try vaults.open(release.epoch, for: reader)
        }
        return releases.count
    }

    /// Epochs that a grant covers and whose keys its reader does not have yet, each by itself.
    public func missing(_ grant: GrantRecord, reader: String) throws -> [EpochRange] {
        try covered(by: grant).flatMap { range -> [EpochRange] in
            let known = try vaults.keys.numbers(holder: reader, gateway: range.gateway, stream: range.stream)
            return (range.first...range.last).filter { !known.contains($0) }.map {
                EpochRange(gateway: range.gateway, stream: range.stream, first: $0, last: $0)
            }
        }
    }
}
