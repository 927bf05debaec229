import AutomatedParkingGateway
import DeviceKit
import Foundation
import Ledger
import SenML
import SimulationKit

/// A camera with plate recognition: draws what it sees, reads it with a confidence for each character, and publishes keyed
/// hashes of the plate. The plate in clear does not leave it; the picture stays off the ledger under its hash.
public actor PlateCamera {
    public static let profile = "plate-camera"

    public let urn: String
    private let session: DeviceSession
    private let key: Bytes
    private let pictures: String
    private let noise: SeededNoise
    /// 0 is a clean lens; it gathers dust over the day, and is wiped at midnight.
    private static func dirt(_ date: Date) -> Double {
        date.timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400) / 86_400 * 0.05
    }
    private var number: UInt64 = 0

    public struct Sighting: Sendable {
        public let sequence: UInt64
        public let image: Hash32
        public let plate: Hash32
        public let confidence: Double
    }

    /// - Parameter key: from which plates are hashed.
    public init(session: DeviceSession, key: Bytes, pictures: String, seed: UInt64) {
        self.session = session
        self.key = key
        self.pictures = pictures
        urn = session.identity.urn.text
        noise = SeededNoise(seed: seed, device: session.identity.urn.text)
        // Pictures of another run are other pictures.
        number = UInt64(Date().timeIntervalSince1970 * 1000) << 8
    }

    public func connect() async throws { try await session.connect() }
    public func close() async { await session.close() }

    /// A car passes.
    ///
    /// - Parameter position: front or rear.
    @discardableResult
    public func see(_ plate: PlateName, position: String = "front", at date: Date = Date()) async throws -> Sighting {
        number += 1
        let picture = PlatePicture.draw(plate.text, dirt: Self.dirt(date), noise: noise, number: number)
        let image = Hash32.sha256(picture)
        try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
        try Data(picture).write(to: URL(filePath: "\(pictures)/\(image.hex).bmp"), options: .atomic)
        let sureness = characters(of: plate, dirt: Self.dirt(date))
        let confidence = sureness.min() ?? 0
        let sequence = try await publish(
            [
                ("plate", nil, .octets(plate.hash(key).bytes)), ("shape", nil, .octets(plate.shape(key).bytes)),
                ("image", nil, .octets(image.bytes)), ("confidence", "/", .number(confidence)),
                ("characters", nil, .string(sureness.map { "\(Int($0 * 100))" }.joined(separator: " "))),
                ("country", nil, .string(plate.country)), ("position", nil, .string(position)),
                ("colour", nil, .string("grey")), ("class", nil, .string("car")),
            ], at: date)
        return Sighting(sequence: sequence, image: image, plate: plate.hash(key), confidence: confidence)
    }

    /// Sends a picture that was evidence before with a new time, as a thief of pictures would.
    public func replay(_ sighting: Sighting, of plate: PlateName) async throws -> UInt64 {
        try await publish(
            [
                ("plate", nil, .octets(plate.hash(key).bytes)), ("shape", nil, .octets(plate.shape(key).bytes)),
                ("image", nil, .octets(sighting.image.bytes)), ("confidence", "/", .number(0.99)),
            ], at: Date())
    }

    private func publish(
        _ values: [(String, String?, SenMLRecord.Value)], at date: Date
    ) async throws -> UInt64 {
        var records = values.map { SenMLRecord(name: $0.0, unit: $0.1, value: $0.2) }
        records[0].baseName = urn + ":"
        records[0].baseTime = (date.timeIntervalSince1970 * 1000).rounded() / 1000
        return try await session.publish(SenMLPack(records: records), channel: PlateReading.channel)
    }

    /// Characters that look like others are less sure, and dirt makes all so.
    private func characters(of plate: PlateName, dirt: Double) -> [Double] {
        plate.text.enumerated().map { place, character in
            let isAlike = "0OQD1IL8B5S2Z".contains(character)
            let grain = abs(noise.normal(0.01, 3, number &* 31 &+ UInt64(place)))
            return min(max((isAlike ? 0.955 : 0.985) - grain - dirt * 0.6, 0), 1)
        }
    }
}
