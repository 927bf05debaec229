import Foundation
import GRDB

/// Copies databases while somebody writes them, as they were at one moment.
public enum DatabaseCopy {
    /// Copies one SQLite file. The copy is one file without a log beside it, and on the disk when this returns.
    ///
    /// In the copy of a ledger the member does not know what it may sign: whoever goes on from it asks the peers first what they hold signed by
    /// the member, so that it never signs a second header at a height.
    public static func make(of path: String, at copy: String) throws {
        do {
            var reading = Configuration()
            reading.readonly = true
            reading.busyMode = .timeout(10)
            let source = try DatabaseQueue(path: path, configuration: reading)
            let target = try DatabaseQueue(path: copy)
            try source.backup(to: target)
            try target.writeWithoutTransaction { db in
                if try db.tableExists("vote_start") { try db.execute(sql: "DELETE FROM vote_start") }
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try target.close()
            try source.close()
        } catch let error as DatabaseError {
            throw StoreError(.database, at: path, "it cannot be copied: \(error.message ?? "\(error)")")
        }
        let file = try FileHandle(forUpdating: URL(filePath: copy))
        try file.synchronize()
        try file.close()
    }
}
