import GRDB

extension DatabaseMigrator {
    /// The ledger's tables. Forward only: a file with a migration not named here is refused.
    static var ledger: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 ledger") { db in
            try db.execute(
                sql: """
                    -- One row: which ledger and member this file belongs to.
                    CREATE TABLE identity (
                        single INTEGER PRIMARY KEY CHECK (single = 1),
                        genesis BLOB NOT NULL, member TEXT NOT NULL);
                    -- body: CBOR [* [statement, result / null]]; a null result means accepted without events.
                    CREATE TABLE blocks (
                        height INTEGER PRIMARY KEY, header BLOB NOT NULL, timer BLOB, body BLOB NOT NULL,
                        digest BLOB NOT NULL, first_leaf INTEGER NOT NULL);
                    CREATE INDEX blocks_by_leaf ON blocks (first_leaf);
                    -- checksum: first word of SHA-256(votes).
                    CREATE TABLE certificates (
                        height INTEGER PRIMARY KEY, votes BLOB NOT NULL, checksum INTEGER NOT NULL);
                    CREATE TABLE transactions (id BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
                    -- coordinate: level << 56 | index, as C2SP tlog-tiles names tiles.
                    CREATE TABLE tiles (coordinate INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
                    -- checksum: first words of SHA-256(key) and SHA-256(value), xored; it locates a damaged row.
                    CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
                    -- The last header this member signed; never two at one epoch and height.
                    CREATE TABLE sign_state (
                        single INTEGER PRIMARY KEY CHECK (single = 1),
                        epoch INTEGER NOT NULL, height INTEGER NOT NULL, header_hash BLOB NOT NULL);
                    """)
        }
        migrator.registerMigration("2 transaction index in runs") { db in
            try db.execute(
                sql: """
                    -- A run holds the ids of the blocks after the run before it, up to its last height; later ids are in the blocks alone.
                    CREATE TABLE runs (number INTEGER PRIMARY KEY, last_height INTEGER NOT NULL);
                    -- place: height << 20 | position in the block.
                    CREATE TABLE transaction_runs (
                        run INTEGER NOT NULL, id BLOB NOT NULL, place INTEGER NOT NULL,
                        PRIMARY KEY (run, id)) WITHOUT ROWID;
                    INSERT INTO transaction_runs (run, id, place) SELECT 0, id, place FROM transactions ORDER BY id;
                    INSERT INTO runs (number, last_height) SELECT 0, height FROM blocks ORDER BY height DESC LIMIT 1;
                    DROP TABLE transactions;
                    """)
        }
        migrator.registerMigration("3 members elsewhere") { db in
            try db.execute(
                sql: """
                    -- The slot of the total order that a block was made of; null where order is of one process.
                    ALTER TABLE blocks ADD COLUMN slot INTEGER;
                    -- The first height that the member may sign. A file that was made anew has none until peers have told
                    -- what they hold signed by the member from before.
                    CREATE TABLE vote_start (single INTEGER PRIMARY KEY CHECK (single = 1), height INTEGER NOT NULL);
                    INSERT INTO vote_start (single, height) SELECT 1, 0 FROM identity;
                    -- The highest header that each other member is known to have signed.
                    CREATE TABLE seen_votes (
                        member TEXT PRIMARY KEY, height INTEGER NOT NULL, header BLOB NOT NULL, signature BLOB NOT NULL);
                    -- Two headers that one member signed at one height: evidence against it.
                    CREATE TABLE contradictions (
                        member TEXT NOT NULL, height INTEGER NOT NULL,
                        header BLOB NOT NULL, signature BLOB NOT NULL,
                        other_header BLOB NOT NULL, other_signature BLOB NOT NULL,
                        PRIMARY KEY (member, height));
                    """)
        }
        migrator.registerMigration("4 blocks of peers that do not come out") { db in
            try db.execute(
                sql: """
                    -- A block as a member sent and signed it, whose statements do not belong to its header: evidence against the sender.
                    CREATE TABLE misleading_blocks (
                        member TEXT NOT NULL, height INTEGER NOT NULL, block BLOB NOT NULL, PRIMARY KEY (member, height));
                    """)
        }
        migrator.registerMigration("5 members by height") { db in
            try db.execute(
                sql: """
                    -- Who signs from a height on, where other members than genesis names; the header before it has the hash.
                    CREATE TABLE member_sets (from_height INTEGER PRIMARY KEY, members BLOB NOT NULL);
                    """)
        }
        migrator.registerMigration("6 resolutions of the members") { db in
            try db.execute(
                sql: """
                    -- What a quorum signed outside of the order.
                    CREATE TABLE resolutions (number INTEGER PRIMARY KEY, resolution BLOB NOT NULL);
                    -- What this member promised: to sign no block of an earlier epoch above this height.
                    CREATE TABLE order_promise (
                        single INTEGER PRIMARY KEY CHECK (single = 1),
                        epoch INTEGER NOT NULL, height INTEGER NOT NULL, header_hash BLOB NOT NULL);
                    -- Statements in whose execution the process ended, and how often.
                    CREATE TABLE interruptions (
                        statement BLOB PRIMARY KEY, height INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("7 blocks without statements") { db in
            try db.execute(
                sql: """
                    -- 1 where the body has [leaf hash, id, result] for each statement instead of [statement, result].
                    ALTER TABLE blocks ADD COLUMN is_bare INTEGER NOT NULL DEFAULT 0;
                    CREATE INDEX blocks_by_keeping ON blocks (is_bare, height);
                    """)
        }
        return migrator
    }
}
