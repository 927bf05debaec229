import ContractKit
import Foundation
import GRDB
import Ledger
import LedgerStore
import ProjectionKit
import Replica
import Synchronization

/// The participants hosted at this node: their keys, and what they may read of the sealed streams.
///
/// It follows the ledger and opens each sealed batch for those who hold its key. What a participant may no longer read is
/// deleted; that is good manners of this node and no more, for nobody can be made to unread.
public final class Vaults: Sendable {
    public let node: LedgerNode
    public let folder: EncryptionKeyFolder
    let keys: KeyStore
    private let index: SealedBatchIndex
    private let path: URL
    private let vaults = Mutex<[String: ReadingVault]>([:])
    /// Opening is done by one at a time: a batch that arrives and a key that arrives must not miss each other.
    private let opening = Mutex(())
    private let logger: @Sendable (String) -> Void

    /// - Parameters:
    ///   - path: folder of all databases.
    ///   - report: told what could not be opened.
    public init(
        node: LedgerNode, keys folder: EncryptionKeyFolder, path: URL, report: @escaping @Sendable (String) -> Void
    ) throws {
        self.node = node
        self.folder = folder
        self.path = path
        logger = report
        try FileManager.default.createDirectory(
            at: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        keys = try KeyStore(path: path.appending(path: "keys.sqlite").path, keys: folder, ledger: node.ledger)
        index = try SealedBatchIndex(path: path.appending(path: "sealed.sqlite").path, ledger: node.ledger)
    }

    var state: StoreReader { StoreReader(store: node.serving.store) }
    var now: UInt64 { max(node.ledgerTime, UInt64(Date().timeIntervalSince1970 * 1000)) }

    /// What a participant may read now.
    public func access(of participant: String) throws -> ReadAccess {
        try ReadAccess(of: participant, in: state, at: now)
    }

    /// The opened readings of a participant; nil for one that is not hosted here.
    public func vault(of participant: String) throws -> ReadingVault? {
        if let vault = vaults.withLock({ $0[participant] }) { return vault }
        guard folder.participants.contains(participant) else { return nil }
        return try vaults.withLock { vaults in
            if let vault = vaults[participant] { return vault }
            let vault = try ReadingVault(path: path.appending(path: "\(participant).vault.sqlite").path)
            vaults[participant] = vault
            return vault
        }
    }

    // MARK: Following

    /// Opens what becomes final, from where it stands on; runs until cancelled or the ledger stops.
    public func follow() async throws {
        try refill()
        try forgetEnded()
        var height = try index.nextHeight()
        while !Task.isCancelled {
            let block = try await node.keptBlock(from: height).block
            try apply(block)
            height = block.header.height + 1
        }
    }

    /// The next block to look at.
    public func nextHeight() throws -> UInt64 { try index.nextHeight() }

    private func apply(_ block: StoredBlock) throws {
        var batches: [(place: SealedBatchIndex.Place, epoch: StreamEpoch)] = []
        var endsGrants = block.timer?.events.contains { $0.contract == "grants" } ?? false
        for (position, item) in block.items.enumerated() where item.result.rejection == nil {
            switch Ledger.Statement.contract(of: try item.bytes()) {
            case "telemetry":
                let statement = try item.decoded()
                guard let sealed = statement.sealedBatch else { continue }
                batches.append(
                    (.init(id: statement.id, height: block.header.height, position: position), sealed.epoch))
            case "grants": endsGrants = endsGrants || item.result.events.contains { $0.name == "revoked" }
            default: continue
            }
        }
        try opening.withLock { _ in
            try index.apply(batches, height: block.header.height)
            for (place, epoch) in batches { try open(place, epoch, in: block) }
        }
        if endsGrants { try forgetEnded() }
    }

    private func open(_ place: SealedBatchIndex.Place, _ epoch: StreamEpoch, in block: StoredBlock) throws {
        for holder in try keys.holders(of: epoch) {
            guard let vault = try vault(of: holder), try !vault.isOpened(place.id),
                let readings = try readings(of: block.items[place.position].decoded(), holder)
            else { continue }
            try vault.insert(
                readings, batch: place.id, number: RecordIndex.number(height: place.height, position: place.position),
                stream: epoch.stream)
        }
    }

    /// Opens the batches of an epoch whose key a holder got.
    func open(_ epoch: StreamEpoch, for holder: String) throws {
        guard let vault = try vault(of: holder) else { return }
        try opening.withLock { _ in
            for place in try index.batches(of: epoch) where try !vault.isOpened(place.id) {
                // Of a batch that this member does not keep there is nothing to open.
                guard let item = try node.serving.store.block(at: place.height)?.items[place.position],
                    item.statement != nil, let readings = try readings(of: item.decoded(), holder)
                else { continue }
                try vault.insert(
                    readings, batch: place.id,
                    number: RecordIndex.number(height: place.height, position: place.position),
                    stream: epoch.stream)
            }
        }
    }

    /// Fills vaults that were deleted, and opens what a key that arrived just before the end was for.
    private func refill() throws {
        for holder in folder.participants {
            for epoch in try keys.epochs(holder: holder) { try open(epoch, for: holder) }
        }
    }

    /// The readings of a telemetry batch as a participant may see them: everybody where they are in the open, those who
    /// hold the key where they are sealed. Nil where the participant may not.
    public func readings(of statement: Ledger.Statement, _ participant: String?) throws -> [Bytes]? {
        guard let sealed = statement.sealedBatch else { return statement.plainReadings }
        guard let participant, folder.participants.contains(participant),
            let key = try keys.key(of: sealed.epoch, holder: participant)
        else { return nil }
        do {
            return try key.open(sealed.body, of: sealed.batch)
        } catch {
            // A gateway that seals nonsense harms nobody but its owner, who hears of it here.
            logger("batch \(statement.id) of \(statement.subject) does not open: \(error.message)")
            return nil
        }
    }

    /// Deletes keys and values of grants that are over.
    private func forgetEnded() throws {
        for (holder, id) in try keys.grants() {
            if let grant = try state.get(GrantsContract.grants, id), grant.isLive(at: now) { continue }
            try keys.remove(holder: holder, grant: id)
            let access = try access(of: holder)
            try vault(of: holder)?.keep { access.includes($0) }
        }
    }
}
