import Crypto
import Foundation
import GRDB
import Ledger

/// Epoch keys of the participants hosted at this node, each encrypted under its holder's storage key.
final class KeyStore: Sendable {
    /// A key that is held, and the grant it came with; nil at the stream's owner.
    struct Held: Sendable {
        let key: EpochKey
        let grant: String?
    }

    private let pool: DatabasePool
    private let keys: EncryptionKeyFolder
    private let ledger: Hash32

    init(path: String, keys: EncryptionKeyFolder, ledger: Hash32) throws {
        self.keys = keys
        self.ledger = ledger
        pool = try DatabasePool(path: path, configuration: SecretFile.configuration)
        try SecretFile.protect(path)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE epochKey (
                        holder TEXT NOT NULL,
                        gateway TEXT NOT NULL,
                        stream TEXT NOT NULL,
                        epoch INTEGER NOT NULL CHECK (epoch > 0),
                        -- AES-256-GCM under the holder's storage key: nonce, ciphertext, tag.
                        sealed BLOB NOT NULL CHECK (length(sealed) = 60),
                        grantID TEXT,
                        PRIMARY KEY (holder, gateway, stream, epoch)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        try migrator.migrate(pool)
    }

    /// Keeps a key; on the disk when this returns.
    func insert(_ key: EpochKey, holder: String, grant: String?) throws {
        let box = try AES.GCM.seal(
            key.bytes, using: try keys.storageKey(of: holder), authenticating: Self.place(holder, key.epoch))
        guard let sealed = box.combined else { throw KeyServiceError(.storage, "an epoch's key cannot be sealed") }
        try pool.write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO epochKey VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    holder, key.epoch.gateway, key.epoch.stream, Int64(key.epoch.number), sealed, grant,
                ])
        }
    }

    /// The key of an epoch, if its holder has it.
    func key(of epoch: StreamEpoch, holder: String) throws -> EpochKey? {
        let sealed = try pool.read { db in
            try Data.fetchOne(
                db,
                sql: "SELECT sealed FROM epochKey WHERE holder = ? AND gateway = ? AND stream = ? AND epoch = ?",
                arguments: [holder, epoch.gateway, epoch.stream, Int64(epoch.number)])
        }
        guard let sealed else { return nil }
        do {
            let bytes = try AES.GCM.open(
                AES.GCM.SealedBox(combined: sealed), using: try keys.storageKey(of: holder),
                authenticating: Self.place(holder, epoch))
            return try EpochKey(Bytes(bytes), of: epoch)
        } catch let error as CryptoKitError {
            throw KeyServiceError(.storage, "a stored key of \(holder) does not open: \(error)")
        }
    }

    /// Who of those hosted here holds the key of an epoch.
    func holders(of epoch: StreamEpoch) throws -> [String] {
        try pool.read { db in
            try String.fetchAll(
                db, sql: "SELECT holder FROM epochKey WHERE gateway = ? AND stream = ? AND epoch = ?",
                arguments: [epoch.gateway, epoch.stream, Int64(epoch.number)])
        }
    }

    /// Numbers of the epochs of a stream whose keys a holder has.
    func numbers(holder: String, gateway: String, stream: String) throws -> Set<UInt64> {
        let numbers = try pool.read { db in
            try Int64.fetchAll(
                db, sql: "SELECT epoch FROM epochKey WHERE holder = ? AND gateway = ? AND stream = ?",
                arguments: [holder, gateway, stream])
        }
        return Set(numbers.map { UInt64($0) })
    }

    /// Grants under which keys are held, with their holders.
    func grants() throws -> [(holder: String, grant: String)] {
        try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT DISTINCT holder, grantID FROM epochKey WHERE grantID IS NOT NULL"
            ).map { ($0["holder"], $0["grantID"]) }
        }
    }

    /// All keys that a holder has.
    func epochs(holder: String) throws -> [StreamEpoch] {
        try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT gateway, stream, epoch FROM epochKey WHERE holder = ?", arguments: [holder]
            ).map {
                StreamEpoch(
                    ledger: self.ledger, gateway: $0["gateway"], stream: $0["stream"],
                    number: UInt64($0["epoch"] as Int64))
            }
        }
    }

    /// Forgets what came with a grant that is over.
    func remove(holder: String, grant: String) throws {
        try pool.write { db in
            try db.execute(
                sql: "DELETE FROM epochKey WHERE holder = ? AND grantID = ?", arguments: [holder, grant])
        }
        SecretFile.truncateLog(pool)
    }

    private static func place(_ holder: String, _ epoch: StreamEpoch) -> Bytes {
        CBOR.array([
            "cairn-stored-key/1", .text(holder), .hash(epoch.ledger), .text(epoch.gateway), .text(epoch.stream),
            .unsigned(epoch.number),
        ]).encoded()
    }
}

/// SQLite files with secrets: readable by the owner alone, and what is deleted is overwritten.
public enum SecretFile {
    public static var configuration: Configuration {
        var configuration = Configuration()
        // Long enough for who reads to finish before a log is truncated.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA secure_delete = ON")
        }
        return configuration
    }

    /// Brings everything into the file itself, so that nothing deleted stays in the log beside it. While somebody reads,
    /// the next deletion or the end of the process does it.
    static func truncateLog(_ pool: DatabasePool) {
        try? pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
    }

    /// SQLite gives the files beside it the same permissions.
    public static func protect(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
}
