import ContractKit
import Crypto
import Foundation
import GRDB
import KeyService
import Keys
import Ledger

/// Records about persons at their holder, each encrypted under a key of its own that lies in another folder.
///
/// Who destroys the key erases the record in this file and in every copy of it. The row that stays says whose it was and
/// why it went, so that the person finds the ledger's record of the erasure.
public final class PersonalVault: Sendable {
    /// A record, opened.
    public struct Entry: Sendable, Hashable {
        /// 16 random bytes in hex; the same on the ledger.
        public let id: String
        /// Participant whom it is about.
        public let person: String
        /// Participant who answers for it, and signs for it on the ledger.
        public let holder: String
        public let dataClass: String
        public let purpose: String
        /// ms since 1970.
        public let since: UInt64
        public let retainUntil: UInt64
        /// nil once its key is destroyed.
        public let content: PersonalContent?
        /// Why it was erased; nil while it is kept.
        public let reason: PersonalRecord.Reason?
    }

    private let database: DatabaseQueue
    private let keys: SecretFolder

    /// - Parameter keys: keep it out of backups, or what was erased comes back with them.
    public init(path: String, keys: SecretFolder) throws {
        self.keys = keys
        database = try DatabaseQueue(path: path, configuration: SecretFile.configuration)
        try SecretFile.protect(path)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE record (
                        id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
                        person TEXT NOT NULL,
                        holder TEXT NOT NULL,
                        class TEXT NOT NULL,
                        purpose TEXT NOT NULL,
                        since INTEGER NOT NULL,
                        retainUntil INTEGER NOT NULL CHECK (retainUntil > since),
                        -- COSE_Encrypt0 under the record's own key; gone when the record is erased.
                        sealed BLOB,
                        reason TEXT,
                        CHECK ((sealed IS NULL) = (reason IS NOT NULL))
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX recordOfPerson ON record (person, since);
                    """)
        }
        try migrator.migrate(database)
        try finishErasures()
    }

    // MARK: Keeping

    /// Keeps a record; on the disk, encrypted, when this returns.
    public func keep(
        _ content: PersonalContent, of person: String, holder: String, under rule: RetentionTable.Rule,
        at time: UInt64
    ) throws -> Entry {
        let id = Self.random(16).hex
        let key = Self.random(32)
        try keys.keep(key, as: Self.keyName(id))
        let sealed = try COSEEncrypt0.seal(
            content.encoded, nonce: Self.random(12), externalAAD: Self.place(id, person), key: key)
        let entry = Entry(
            id: id, person: person, holder: holder, dataClass: rule.class, purpose: rule.purpose, since: time,
            retainUntil: time + rule.milliseconds, content: content, reason: nil)
        try database.write { db in
            try db.execute(
                sql: "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                arguments: [
                    id, person, holder, rule.class, rule.purpose, Int64(time), Int64(entry.retainUntil), Data(sealed),
                ])
        }
        return entry
    }

    /// Forgets a record that never got onto the ledger.
    public func discard(_ id: String) throws {
        try database.write { db in try db.execute(sql: "DELETE FROM record WHERE id = ?", arguments: [id]) }
        try destroyKey(Self.keyName(id))
    }

    // MARK: Reading

    /// All about a person, oldest first, with what was erased.
    public func entries(of person: String) throws -> [Entry] {
        try entries("person = ?", [person])
    }

    /// What was erased, of everybody: for the statements that say so.
    public func erased() throws -> [Entry] {
        try entries("reason IS NOT NULL", [])
    }

    /// How many records a holder keeps; nothing of what they say.
    public func count(holder: String) throws -> Int {
        try database.read { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM record WHERE holder = ? AND sealed IS NOT NULL", arguments: [holder])
                ?? 0
        }
    }

    private func entries(_ condition: String, _ arguments: StatementArguments) throws -> [Entry] {
        let rows = try database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM record WHERE \(condition) ORDER BY since, id", arguments: arguments)
        }
        return try rows.map { row in
            let (id, person): (String, String) = (row["id"], row["person"])
            let sealed: Data? = row["sealed"]
            return Entry(
                id: id, person: person, holder: row["holder"], dataClass: row["class"], purpose: row["purpose"],
                since: UInt64(row["since"] as Int64), retainUntil: UInt64(row["retainUntil"] as Int64),
                content: try sealed.flatMap { try open(Bytes($0), id, person) },
                reason: (row["reason"] as String?).flatMap(PersonalRecord.Reason.init))
        }
    }

    /// nil where the key is destroyed: the row came back with an old copy of the file.
    private func open(_ sealed: Bytes, _ id: String, _ person: String) throws -> PersonalContent? {
        guard let key = try keys.secret(Self.keyName(id)) else { return nil }
        return try PersonalContent(
            decoding: try COSEEncrypt0.open(sealed, externalAAD: Self.place(id, person), key: key))
    }

    // MARK: Erasing

    /// Erases a record for good. With the last one of a person goes the key of their pseudonyms.
    public func erase(_ id: String, reason: PersonalRecord.Reason) throws {
        try database.write { db in
            try db.execute(
                sql: "UPDATE record SET sealed = NULL, reason = ? WHERE id = ? AND reason IS NULL",
                arguments: [reason.rawValue, id])
        }
        try finishErasures()
    }

    /// The row says first that a record is to go, so a crash before its key is destroyed is made good at the next start.
    /// All of it happens in the database's queue, one after another, so that no two destroy the same key.
    private func finishErasures() throws {
        try database.read { db in
            let erased = try String.fetchAll(db, sql: "SELECT id FROM record WHERE reason IS NOT NULL")
            let gone = try String.fetchAll(
                db, sql: "SELECT person FROM record GROUP BY person HAVING count(sealed) = 0")
            let present = Set(keys.names)
            for name in erased.map(Self.keyName) + gone.map(Self.pseudonymName) where present.contains(name) {
                try keys.destroy(name)
            }
        }
    }

    private func destroyKey(_ name: String) throws {
        if keys.names.contains(name) { try keys.destroy(name) }
    }

    // MARK: Pseudonyms

    /// What a person is called in data for one purpose: HMAC-SHA256 of the purpose under a key of the person, so that
    /// nobody else can tell that two names of different purposes are one person's.
    public func pseudonym(of person: String, for purpose: String) throws -> Hash32 {
        let name = Self.pseudonymName(person)
        let key: Bytes
        if let known = try keys.secret(name) {
            key = known
        } else {
            key = Self.random(32)
            try keys.keep(key, as: name)
        }
        let code = HMAC<SHA256>.authenticationCode(for: Bytes(purpose.utf8), using: SymmetricKey(data: key))
        guard let hash = Hash32(Bytes(code)) else {
            throw PersonalDataError(.storage, "a pseudonym has another length than SHA-256 gives")
        }
        return hash
    }

    private static func keyName(_ id: String) -> String { "\(id).record" }
    private static func pseudonymName(_ person: String) -> String { "\(person).pseudonym" }
    private static func random(_ count: Int) -> Bytes { (0..<count).map { _ in UInt8.random(in: 0...255) } }

    private static func place(_ id: String, _ person: String) -> Bytes {
        CBOR.array(["cairn-personal-record/1", .text(id), .text(person)]).encoded()
    }
}
