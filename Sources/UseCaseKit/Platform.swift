import APIKit
import ContractKit
import Foundation
import KeyService
import Keys
import Ledger
import LedgerStore
import Logging
import PortalKit
import ProjectionKit
import Replica

/// What a node offers the use cases that run on it.
public struct Platform: Sendable {
    public let node: LedgerNode
    public let index: RecordIndex
    public let portal: Portal
    public let keys: KeyFolder
    /// Encryption keys and opened readings of those hosted here.
    public let vaults: Vaults
    public let keyService: KeyService
    /// The node's folder, for what a use case keeps of its own.
    public let folder: URL
    /// Pictures and reports whose hashes are on the ledger.
    public let documents: DocumentFolder
    /// Where the portal is reached, without a trailing slash; printed in QR codes.
    public let address: String
    public let logger: Logger
    /// Who may read what of the ledger; see ``UseCase/ledgerReaders``.
    let useCase: any UseCase

    public init(
        node: LedgerNode, index: RecordIndex, portal: Portal, keys: KeyFolder, vaults: Vaults,
        folder: URL, address: String, logger: Logger, useCase: any UseCase
    ) throws {
        self.node = node
        self.index = index
        self.portal = portal
        self.keys = keys
        self.vaults = vaults
        keyService = KeyService(vaults: vaults) { try keys.key(of: $0) }
        self.folder = folder
        documents = try DocumentFolder(folder.appending(path: "documents"))
        self.address = address
        self.logger = logger
        self.useCase = useCase
    }

    public var state: StoreReader { StoreReader(store: node.serving.store) }

    /// Ledger time or the clock, whichever is later, ms since 1970.
    public var now: UInt64 { max(node.ledgerTime, UInt64(Date().timeIntervalSince1970 * 1000)) }

    /// Signs an operation with a key of this node, submits it, and waits until it is final.
    public func perform(
        _ operation: Ledger.Operation, as participant: String, about subject: String
    ) async throws -> (id: Hash32, outcome: TransactionOutcome) {
        guard let key = try keys.key(of: participant) else {
            throw Problem(403, "no-key", "this node does not hold the key of \(participant); sign on your side")
        }
        let statement = try Statement.sign(
            operation, issuer: participant, subject: subject, validUntil: now / 1000 + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: node.ledger, with: key)
        try node.submit(try node.admit(statement.bytes))
        guard let outcome = try await node.outcome(of: statement.id, within: 30_000) else {
            throw Problem(503, "not-final", "transaction \(statement.id) is not final yet; look it up in a minute")
        }
        try await index.waitFor(height: outcome.height, of: node)
        return (statement.id, outcome)
    }

    /// The record of a transaction; nil for one that the ledger, or its index, does not have yet.
    public func record(of id: Hash32) throws -> IndexedRecord? {
        guard let place = try node.serving.store.place(of: id) else { return nil }
        return try index.record(number: Int64(place.height) << 20 | Int64(place.position))
    }

    /// The statement of an accepted or rejected record, from the ledger.
    public func statement(of record: IndexedRecord) throws -> Statement { try item(of: record).decoded() }

    /// The statement of a record with its result.
    public func item(of record: IndexedRecord) throws -> StoredBlock.Item {
        guard let block = try node.serving.store.block(at: record.height) else {
            throw Problem.notFound("block \(record.height)")
        }
        return block.items[record.position]
    }

    /// Readings as a visitor may see them; nil is the public.
    public func readings(for session: Session?) throws -> Readings {
        try Readings(index: index, vaults: vaults, participant: session?.participant)
    }

    /// A whole page, for whoever is signed in.
    public func page(_ page: some PortalPage, _ session: Session?, status: Int = 200) throws -> APIResponse {
        .html(try portal.render(page, for: visitor(session)), status: status)
    }

    /// Whoever is signed in, as pages greet them.
    public func visitor(_ session: Session?) -> Visitor? {
        session.map {
            Visitor(
                name: $0.name, organisation: $0.organisation, signOutURL: "/sign-out", csrfToken: $0.formToken,
                readsLedger: readsLedger($0))
        }
    }

    /// Whether a registrar's word for a participant held at a height and ledger time (ms).
    public func isVouchedFor(_ participant: String, height: UInt64, time: UInt64) -> Bool {
        guard let record = try? state.get(MembershipContract.participants, participant) else { return false }
        return record.revokedAt.map { height < $0 } ?? true && record.validUntil.map { time <= $0 } ?? true
    }

    /// The name of a participant as the ledger knows it, or its id.
    public func name(of participant: String) -> String {
        let record = try? state.get(MembershipContract.participants, participant)
        return record?.name ?? participant
    }
}
