import Foundation

/// A lane as its gateway needs it, from `GET /api/v1/parking/lanes?gateway=…`; kept on the disk for when the node is away.
public struct LaneTerms: Codable, Sendable, Hashable {
    public var device: String
    public var lot: String
    /// entry or exit.
    public var direction: String
    public var barrier: String?
    /// Thousandths.
    public var sure: UInt64
    public var agreeing: UInt64
    /// Keyed hashes of plates that an account answers for.
    public var plates: [String]

    public init(
        device: String, lot: String, direction: String, barrier: String?, sure: UInt64, agreeing: UInt64,
        plates: [String]
    ) {
        self.device = device
        self.lot = lot
        self.direction = direction
        self.barrier = barrier
        self.sure = sure
        self.agreeing = agreeing
        self.plates = plates
    }

    private struct Document: Codable { var items: [LaneTerms] }

    public static func list(json: [UInt8]) throws -> [LaneTerms] {
        try JSONDecoder().decode(Document.self, from: Data(json)).items
    }
}
