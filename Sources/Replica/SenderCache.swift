import ContractKit
import Ledger

/// Decoded key and participant records, each valid only for the very bytes that state holds: it saves decoding, not reading.
///
/// Not locked: used inside the one writer's transaction only, which is what makes `@unchecked` hold.
final class SenderCache: @unchecked Sendable {
    /// Entries of each kind; when they are reached all are forgotten.
    private static let maximum = 50_000

    private struct Cached<Record> {
        let stateKey: Bytes
        let bytes: Bytes
        let record: Record
    }

    private var keys: [Hash32: Cached<KeyRecord>] = [:]
    private var participants: [String: Cached<ParticipantRecord>] = [:]

    func key(_ kid: Hash32, _ state: WorkingState) throws(ContractError) -> KeyRecord? {
        let known = keys[kid]
        let stateKey = known?.stateKey ?? MembershipContract.keys.key(kid.hex)
        guard let bytes = try state.value(stateKey) else { return nil }
        if let known, known.bytes == bytes { return known.record }
        guard let record = try state.get(MembershipContract.keys, kid.hex) else { return nil }
        if keys.count >= Self.maximum { keys.removeAll() }
        keys[kid] = Cached(stateKey: stateKey, bytes: bytes, record: record)
        return record
    }

    func participant(_ id: String, _ state: WorkingState) throws(ContractError) -> ParticipantRecord? {
        let known = participants[id]
        let stateKey = known?.stateKey ?? MembershipContract.participants.key(id)
        guard let bytes = try state.value(stateKey) else { return nil }
        if let known, known.bytes == bytes { return known.record }
        guard let record = try state.get(MembershipContract.participants, id) else { return nil }
        if participants.count >= Self.maximum { participants.removeAll() }
        participants[id] = Cached(stateKey: stateKey, bytes: bytes, record: record)
        return record
    }
}
