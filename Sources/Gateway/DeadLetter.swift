import Foundation
import GRDB
import MQTT

/// A message that was not taken, with all that is needed to look at it and to try again.
public struct DeadLetter: Sendable, Hashable {
    /// Its number in the store; 0 before it has one.
    public var id: Int64
    /// When it came, ms since 1970.
    public var received: UInt64
    /// Why it was refused: a ``Refusal/Reason``.
    public var reason: String
    /// What was found and what to do.
    public var message: String
    /// The topic.
    public var topic: String
    /// The payload as it came.
    public var payload: [UInt8]
    /// The user properties as they came.
    public var properties: [MQTTMessage.UserProperty]
    /// When it was replayed and accepted, ms since 1970.
    public var replayedAt: UInt64?

    init(_ message: MQTTMessage, _ refusal: Refusal, received: UInt64) {
        id = 0
        self.received = received
        reason = refusal.reason.rawValue
        self.message = refusal.message
        topic = message.topic
        // What must not be collected is not kept here either.
        payload = refusal.reason == .notAgreed ? [] : message.payload
        properties = message.userProperties
    }

    /// The message as it came.
    var mqttMessage: MQTTMessage { MQTTMessage(topic: topic, payload: payload, userProperties: properties) }

    private struct Property: Codable {
        var name: String
        var value: String
    }

    func insert(_ db: Database) throws {
        let text = try JSONEncoder().encode(properties.map { Property(name: $0.name, value: $0.value) })
        try db.execute(
            sql: """
                INSERT INTO deadLetter (received, reason, message, topic, payload, properties)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Int64(received), reason, message, topic, Foundation.Data(payload),
                String(decoding: text, as: UTF8.self),
            ])
    }

    init(_ row: Row) throws {
        id = row["id"]
        received = UInt64(row["received"] as Int64)
        reason = row["reason"]
        message = row["message"]
        topic = row["topic"]
        payload = [UInt8](row["payload"] as Foundation.Data)
        let text: String = row["properties"]
        properties = try JSONDecoder().decode([Property].self, from: Foundation.Data(text.utf8)).map {
            .init($0.name, $0.value)
        }
        replayedAt = (row["replayedAt"] as Int64?).map { UInt64($0) }
    }
}

extension GatewayStore {
    /// Dead letters before a number, newest first.
    func deadLetters(before: Int64?, limit: Int) async throws -> [DeadLetter] {
        try await pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM deadLetter WHERE id < ? ORDER BY id DESC LIMIT ?",
                arguments: [before ?? Int64.max, limit]
            ).map { try DeadLetter($0) }
        }
    }

    func deadLetter(_ id: Int64) async throws -> DeadLetter? {
        try await pool.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM deadLetter WHERE id = ?", arguments: [id]).map {
                try DeadLetter($0)
            }
        }
    }

    func markReplayed(_ id: Int64, now: UInt64) async throws {
        try await pool.write { db in
            try db.execute(sql: "UPDATE deadLetter SET replayedAt = ? WHERE id = ?", arguments: [Int64(now), id])
        }
    }

    /// Removes the oldest beyond `limit`, replayed ones first; returns how many had not been replayed.
    func evictDeadLetters(limit: Int) async throws -> Int {
        try await pool.write { db in
            let count = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM deadLetter") ?? 0
            guard count > limit else { return 0 }
            try db.execute(
                sql: """
                    DELETE FROM deadLetter WHERE id IN
                    (SELECT id FROM deadLetter WHERE replayedAt IS NOT NULL ORDER BY id LIMIT ?)
                    """, arguments: [count - limit])
            let rest = count - limit - db.changesCount
            guard rest > 0 else { return 0 }
            try db.execute(
                sql: "DELETE FROM deadLetter WHERE id IN (SELECT id FROM deadLetter ORDER BY id LIMIT ?)",
                arguments: [rest])
            return rest
        }
    }
}
