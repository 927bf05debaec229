import AgriculturalTracingContract
import ContractKit
import Foundation
import KeyService
import Ledger
import ProjectionKit
import UseCaseKit

/// In which rooms a box was, when, and what the sensors measured that hung there at that time: no reading of another room or hour is the box's.
struct BoxStays {
    /// A box in a room, from ms since 1970 until before ms since 1970; still there where the end is nil.
    struct Stay: Equatable {
        let room: String
        let from: UInt64
        let to: UInt64?
    }

    /// A device that hung in the room for a part of the stay, with what a visitor may see of it.
    struct Measured {
        let stay: Stay
        let device: String
        let readings: [IndexedReading]
    }

    let stays: [Stay]

    /// From a box's records, oldest first.
    init(records: [(record: IndexedRecord, statement: Statement)], isLive: Bool) {
        var stays: [Stay] = []
        var open: (room: String, from: UInt64)?
        func close(at time: UInt64?) {
            guard let begun = open else { return }
            stays.append(Stay(room: begun.room, from: begun.from, to: time.map { max($0, begun.from) }))
            open = nil
        }
        for (record, statement) in records {
            let arguments = statement.operation.arguments
            switch record.operation {
            case "store":
                let time = arguments["storedAt"]?.unsigned ?? record.time
                close(at: time)
                open = (arguments["room"]?.text ?? "", time)
            case "dispatch": close(at: arguments["departedAt"]?.unsigned ?? record.time)
            case "sell", "waste": if !isLive && record.id == records.last?.record.id { close(at: record.time) }
            default: break
            }
        }
        close(at: nil)
        self.stays = stays
    }

    /// The temperatures of the stays, a device at a time.
    func temperatures(on platform: Platform, for readings: Readings) throws -> [Measured] {
        try stays.flatMap { stay in
            try Self.placements(in: stay.room, on: platform).compactMap { place in
                let from = max(stay.from, place.from)
                let to = min(stay.to ?? .max, place.to ?? .max, UInt64(Int64.max))
                guard from < to else { return nil }
                let found = try readings.readings(device: place.device, quantity: "temperature", from: from, to: to)
                return found.isEmpty ? nil : Measured(stay: stay, device: place.device, readings: found)
            }
        }
    }

    /// Which devices hung in a room, and when.
    private static func placements(
        in room: String, on platform: Platform
    ) throws -> [(device: String, from: UInt64, to: UInt64?)] {
        func placed(_ name: String) throws -> [(device: String, room: String, since: UInt64)] {
            try platform.index.records(mentioning: [name])
                .filter { $0.operation == "placeDevice" && $0.rejection == nil }
                .map {
                    let arguments = try platform.statement(of: $0).operation.arguments
                    return (
                        arguments["device"]?.text ?? "", arguments["room"]?.text ?? "",
                        arguments["since"]?.unsigned ?? 0
                    )
                }
        }
        return try Set(placed("room:\(room)").map(\.device)).sorted().flatMap { device in
            let all = try placed("placement:\(device)").sorted { $0.since < $1.since }
            return all.enumerated().filter { $0.element.room == room }.map { number, place in
                (device, place.since, number + 1 < all.count ? all[number + 1].since : nil)
            }
        }
    }
}
