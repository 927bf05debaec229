import APIKit
import Foundation
import Ledger
import ProjectionKit

/// Readings of devices as the caller may see them: those of published streams, and of sealed ones what is the caller's
/// own or granted to them.
extension LedgerAPI {
    var readingRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/readings", "Values of a device's messages, with the batch that proves them",
                tag: "telemetry",
                parameters: [
                    .init("device", in: .query, "Device URN", isRequired: true),
                    .init("quantity", in: .query, "Only this quantity"),
                    .init(
                        "sequence", in: .query, "Only the message with this number",
                        .integer(0...Int64.max)),
                    .init("limit", in: .query, "1 to 5000, 500 unless given", .integer(1...5000)),
                ]
            ) { request in
                guard let device = request.query["device"] else { throw Problem.badRequest("device is a device URN") }
                let limit = try request.integer("limit", default: 500, in: 1...5000)
                let sequence = try request.query["sequence"].map { text -> UInt64 in
                    guard let number = UInt64(text), number <= UInt64(Int64.max) else {
                        throw Problem.badRequest("sequence is an integer")
                    }
                    return number
                }
                let readings = try self.platform.readings(for: request.session).messages(
                    device: device, quantity: request.query["quantity"], sequence: sequence, limit: limit)
                return .json([
                    "items": readings.map { reading, height -> [String: Any] in
                        [
                            "device": reading.device, "quantity": reading.quantity, "unit": reading.unit,
                            "value": reading.value, "time": Self.time(reading.time), "sequence": reading.sequence,
                            "quality": reading.quality, "batch": reading.batch.hex, "position": reading.position,
                            "height": height,
                        ]
                    }
                ])
            }
        ]
    }
}
