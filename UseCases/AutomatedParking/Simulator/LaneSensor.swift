import DeviceKit
import Foundation
import Ledger
import SenML

/// A device that tells one thing when it happens: a loop or a bay that is taken or free, a tag that passes.
public actor LaneSensor {
    /// What it tells.
    public enum Kind: String, Sendable, CaseIterable {
        case loop, bay, tag

        /// Its profile on the ledger.
        public var profile: String {
            switch self {
            case .loop: "lane-loop"
            case .bay: "bay-sensor"
            case .tag: "tag-reader"
            }
        }
    }

    private let kind: Kind
    private let session: DeviceSession

    public init(_ kind: Kind, session: DeviceSession) {
        self.kind = kind
        self.session = session
    }

    public func connect() async throws { try await session.connect() }
    public func close() async { await session.close() }

    /// - Parameter date: by its clock.
    public func tell(isOccupied: Bool, at date: Date) async throws {
        try await publish(SenMLRecord(name: "occupied", value: .boolean(isOccupied)), at: date)
    }

    /// - Parameter tag: keyed hash of the number on it.
    public func tell(tag: Hash32, at date: Date) async throws {
        try await publish(SenMLRecord(name: "tag", value: .octets(tag.bytes)), at: date)
    }

    private func publish(_ value: SenMLRecord, at date: Date) async throws {
        var record = value
        record.baseName = session.identity.urn.text + ":"
        record.baseTime = (date.timeIntervalSince1970 * 1000).rounded() / 1000
        _ = try await session.publish(SenMLPack(records: [record]), channel: kind.rawValue)
    }
}
