import Foundation
import GRDB
import Ledger

/// A reading with its place in a stream.
struct PlacedReading: Sendable {
    let stream: Int64
    let position: UInt64
    let device: Int64
    let sequence: UInt64
    /// Device times, ms since 1970.
    let earliest: UInt64
    let latest: UInt64
    /// The leaf of the batch's tree.
    let encoded: Bytes
    /// The device's, by which a message that the broker delivers again is known.
    let signature: Bytes
}

/// What one group of messages changes.
struct IntakeGroup: Sendable {
    var readings: [PlacedReading] = []
    /// New or advanced: by device id.
    var devices: [Int64: (urn: String, last: UInt64)] = [:]
    /// New or advanced: by stream id.
    var streams: [Int64: (name: String, next: UInt64)] = [:]
    var deadLetters: [DeadLetter] = []
    /// What edge rules say about these readings.
    var events: [OutboxEntry] = []

    var isEmpty: Bool { readings.isEmpty && deadLetters.isEmpty }
}

extension GatewayStore {
    struct DeviceRow: Sendable {
        let id: Int64
        let urn: String
        let last: UInt64
    }

    struct StreamRow: Sendable {
        let id: Int64
        let name: String
        let next: UInt64
        let batched: UInt64
    }

    @available(*, noasync) func devices() throws -> [DeviceRow] {
        try pool.read { db in
            try Row.fetchAll(db, sql: "SELECT id, urn, lastSequence FROM device").map {
                DeviceRow(id: $0["id"], urn: $0["urn"], last: UInt64($0["lastSequence"] as Int64))
            }
        }
    }

    @available(*, noasync) func streamsAtStart() throws -> [StreamRow] { try pool.read(Self.streams) }

    func streams() async throws -> [StreamRow] { try await pool.read(Self.streams) }

    @Sendable private static func streams(_ db: Database) throws -> [StreamRow] {
        try Row.fetchAll(db, sql: "SELECT id, name, next, batched FROM stream").map {
            StreamRow(
                id: $0["id"], name: $0["name"], next: UInt64($0["next"] as Int64),
                batched: UInt64($0["batched"] as Int64))
        }
    }

    /// Stores a group in one transaction.
    func commit(_ group: IntakeGroup) async throws {
        try await pool.write { db in
            for (id, device) in group.devices {
                try db.execute(
                    sql: """
                        INSERT INTO device VALUES (?, ?, ?)
                        ON CONFLICT (id) DO UPDATE SET lastSequence = excluded.lastSequence
                        """, arguments: [id, device.urn, Int64(device.last)])
            }
            for (id, stream) in group.streams {
                try db.execute(
                    sql: """
                        INSERT INTO stream (id, name, next) VALUES (?, ?, ?)
                        ON CONFLICT (id) DO UPDATE SET next = excluded.next
                        """, arguments: [id, stream.name, Int64(stream.next)])
            }
            let insert = try db.cachedStatement(sql: "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            for reading in group.readings {
                try insert.execute(arguments: [
                    reading.stream, Int64(reading.position), reading.device, Int64(reading.sequence),
                    Int64(reading.earliest), Int64(reading.latest), Foundation.Data(reading.encoded),
                    Foundation.Data(reading.signature),
                ])
            }
            for letter in group.deadLetters { try letter.insert(db) }
            for event in group.events { try event.insert(db) }
        }
    }

    /// The signature of a device's message with this sequence number, while its batch is kept.
    func signature(device: Int64, sequence: UInt64) async throws -> Bytes? {
        try await pool.read { db in
            try Foundation.Data.fetchOne(
                db, sql: "SELECT signature FROM reading WHERE device = ? AND sequence = ?",
                arguments: [device, Int64(sequence)])
        }.map { Bytes($0) }
    }

    /// Readings of a stream that are in no batch yet, in order.
    @available(*, noasync) func unbatched(stream: Int64) throws -> [PlacedReading] {
        try pool.read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT reading.* FROM reading JOIN stream ON stream.id = reading.stream
                    WHERE reading.stream = ? AND position >= stream.batched ORDER BY position
                    """, arguments: [stream])
            var readings: [PlacedReading] = []
            while let row = try rows.next() {
                readings.append(
                    PlacedReading(
                        stream: stream, position: UInt64(row["position"] as Int64), device: row["device"],
                        sequence: UInt64(row["sequence"] as Int64), earliest: UInt64(row["earliest"] as Int64),
                        latest: UInt64(row["latest"] as Int64), encoded: Bytes(row["encoded"] as Foundation.Data),
                        signature: Bytes(row["signature"] as Foundation.Data)))
            }
            return readings
        }
    }
}
