import GRDB

extension DatabaseMigrator {
    /// The gateway's tables. Migrations only go forward and keep their names.
    static let gateway: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE stream (
                        id INTEGER PRIMARY KEY,
                        name TEXT NOT NULL UNIQUE,
                        -- The next free position, and the first that is in no batch yet.
                        next INTEGER NOT NULL DEFAULT 0 CHECK (next >= 0),
                        batched INTEGER NOT NULL DEFAULT 0 CHECK (batched BETWEEN 0 AND next)
                    ) STRICT;

                    CREATE TABLE device (
                        id INTEGER PRIMARY KEY,
                        urn TEXT NOT NULL UNIQUE,
                        lastSequence INTEGER NOT NULL CHECK (lastSequence >= 0)
                    ) STRICT;

                    CREATE TABLE reading (
                        stream INTEGER NOT NULL REFERENCES stream (id),
                        position INTEGER NOT NULL CHECK (position >= 0),
                        device INTEGER NOT NULL REFERENCES device (id),
                        sequence INTEGER NOT NULL,
                        earliest INTEGER NOT NULL,
                        latest INTEGER NOT NULL CHECK (latest >= earliest),
                        encoded BLOB NOT NULL,
                        PRIMARY KEY (stream, position)
                    ) STRICT, WITHOUT ROWID;

                    CREATE UNIQUE INDEX readingBySequence ON reading (device, sequence);

                    CREATE TABLE batch (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        stream INTEGER NOT NULL REFERENCES stream (id),
                        first INTEGER NOT NULL,
                        last INTEGER NOT NULL CHECK (last >= first),
                        -- The signed bytes. They are sent as they are, each time, so that the node knows them again.
                        statement BLOB NOT NULL,
                        validUntil INTEGER NOT NULL,
                        wasSent INTEGER NOT NULL DEFAULT 0 CHECK (wasSent IN (0, 1)),
                        settledAt INTEGER,
                        rejectionCode TEXT,
                        rejectionReason TEXT,
                        rejections INTEGER NOT NULL DEFAULT 0,
                        UNIQUE (stream, first)
                    ) STRICT;

                    CREATE INDEX batchUnsettled ON batch (stream, first) WHERE settledAt IS NULL;

                    CREATE TABLE deadLetter (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        received INTEGER NOT NULL,
                        reason TEXT NOT NULL,
                        message TEXT NOT NULL,
                        topic TEXT NOT NULL,
                        payload BLOB NOT NULL,
                        properties TEXT NOT NULL,
                        replayedAt INTEGER
                    ) STRICT;

                    CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("v2 epochs") { db in
            try db.execute(
                sql: """
                    CREATE TABLE epoch (
                        stream INTEGER NOT NULL REFERENCES stream (id),
                        number INTEGER NOT NULL CHECK (number > 0),
                        key BLOB CHECK (length(key) = 32),
                        commitment BLOB NOT NULL CHECK (length(commitment) = 32),
                        openedAt INTEGER NOT NULL,
                        rotation INTEGER NOT NULL,
                        isRegistered INTEGER NOT NULL DEFAULT 0 CHECK (isRegistered IN (0, 1)),
                        isDelivered INTEGER NOT NULL DEFAULT 0 CHECK (isDelivered IN (0, 1)),
                        PRIMARY KEY (stream, number)
                    ) STRICT, WITHOUT ROWID;

                    -- 0 for a batch that is not sealed.
                    ALTER TABLE batch ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE reading ADD COLUMN signature BLOB NOT NULL DEFAULT x'';
                    """)
        }
        migrator.registerMigration("outbox") { db in
            try db.execute(
                sql: """
                    CREATE TABLE outbox (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        -- What it is for, so that nothing is said twice.
                        purpose TEXT NOT NULL UNIQUE,
                        subject TEXT NOT NULL,
                        operation BLOB NOT NULL,
                        -- The signed bytes, stored before they are sent and sent as they are, each time.
                        statement BLOB,
                        validUntil INTEGER,
                        settledAt INTEGER,
                        refusal TEXT
                    ) STRICT;

                    CREATE INDEX outboxWaiting ON outbox (id) WHERE settledAt IS NULL;
                    """)
        }
        return migrator
    }()
}
