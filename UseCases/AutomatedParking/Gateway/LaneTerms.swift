import Foundation

/// A lane as its gateway needs it, from `GET /api/v1/parking/lanes?gateway=…`; kept on the disk for when the node is away.
public struct LaneTerms: Codable, Sendable, Hashable {
    public var device: String
    public var lot: String
    /// Devices of one lane have the same.
    public var name: String
    /// entry or exit.
    public var direction: String
    public var barrier: String?
    /// Thousandths.
    public var sure: UInt64
    public var agreeing: UInt64
    /// Keyed hashes of plates that an account answers for.
    public var plates: [String]
    /// Tags, as keyed hashes, with what they stand for.
    public var tags: [String: Car]

    /// Keyed hashes of a plate, and of all that look like it.
    public struct Car: Codable, Sendable, Hashable {
        public var plate: String
        public var shape: String

        public init(plate: String, shape: String) {
            self.plate = plate
            self.shape = shape
        }
    }

    /// The same for all devices of a lane.
    var lane: String { "\(lot)/\(name)" }

    public init(
        device: String, lot: String, name: String, direction: String, barrier: String?, sure: UInt64,
        agreeing: UInt64, plates: [String], tags: [String: Car]
    ) {
        self.device = device
        self.lot = lot
        self.name = name
        self.direction = direction
        self.barrier = barrier
        self.sure = sure
        self.agreeing = agreeing
        self.plates = plates
        self.tags = tags
    }

    private struct Document: Codable { var items: [LaneTerms] }

    public static func list(json: [UInt8]) throws -> [LaneTerms] {
        try JSONDecoder().decode(Document.self, from: Data(json)).items
    }
}
