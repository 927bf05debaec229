import Ledger
import ProjectionKit

/// Readings as one visitor may see them: published streams from the node's index, and sealed ones from the visitor's vault.
public struct Readings: Sendable {
    private let index: RecordIndex
    private let vault: (vault: ReadingVault, access: ReadAccess)?

    /// - Parameter participant: who looks; nil for the public.
    public init(index: RecordIndex, vaults: Vaults, participant: String?) throws {
        self.index = index
        if let participant, let own = try vaults.vault(of: participant) {
            vault = (own, try vaults.access(of: participant))
        } else {
            vault = nil
        }
    }

    /// Values of a device's quantity by its own clock, oldest first; evenly thinned to at most `limit`.
    public func readings(
        device: String, quantity: String, from: UInt64 = 0, to: UInt64 = UInt64(Int64.max), limit: Int = 500
    ) throws -> [IndexedReading] {
        let open = try index.readings(device: device, quantity: quantity, from: from, to: to, limit: limit)
        guard let (vault, access) = vault else { return open }
        let sealed = try vault.readings(
            access, device: device, quantity: quantity, from: from, to: to, limit: limit)
        let all = (open + sealed).sorted { $0.time < $1.time }
        let step = max(1, (all.count + limit - 1) / limit)
        return stride(from: 0, to: all.count, by: step).map { all[$0] }
    }

    /// The latest value of each quantity of a device.
    public func latestReadings(device: String) throws -> [IndexedReading] {
        var latest = try index.latestReadings(device: device)
        guard let (vault, access) = vault else { return latest }
        for reading in try vault.latestReadings(access, device: device) {
            if let known = latest.firstIndex(where: { $0.quantity == reading.quantity }) {
                if latest[known].time < reading.time { latest[known] = reading }
            } else {
                latest.append(reading)
            }
        }
        return latest.sorted { $0.quantity < $1.quantity }
    }

    /// Values as they came, newest first, with the height of their batch; by the device's clock from a time to another.
    public func messages(
        device: String, quantity: String? = nil, sequence: UInt64? = nil, from: UInt64 = 0, to: UInt64 = .max,
        limit: Int
    ) throws -> [(reading: IndexedReading, height: UInt64)] {
        let open = try index.messages(
            device: device, quantity: quantity, sequence: sequence, from: from, to: to, limit: limit)
        guard let (vault, access) = vault else { return open }
        let sealed = try vault.messages(
            access, device: device, quantity: quantity, sequence: sequence, from: from, to: to, limit: limit)
        return Array((open + sealed).sorted { $0.reading.time > $1.reading.time }.prefix(limit))
    }

    /// What the visitor's vault holds of sealed streams, by stream, device and quantity.
    public func sealedQuantities() throws -> [ReadingVault.Quantity] {
        guard let (vault, access) = vault else { return [] }
        return try vault.quantities(access)
    }
}
