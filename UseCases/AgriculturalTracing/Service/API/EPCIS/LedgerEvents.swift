import AgriculturalTracingContract
import EPCIS
import Foundation
import Ledger
import ProjectionKit
import UseCaseKit

/// Records of the ledger as EPCIS events.
struct LedgerEvents {
    /// Records that one page looks through; a page may have fewer events than asked for, and another after it.
    static let scanned = 5000
    private static let step = 200

    let platform: Platform

    typealias Event = [String: JSONValue]

    /// Events that a query selects, newest record first.
    ///
    /// - Parameters:
    ///   - number: only of records before this place; see `RecordIndex.number`.
    ///   - number after: and from this one on.
    /// - Returns: the place before which the next page goes on; nil after the last.
    func page(
        _ query: EventQuery, before number: Int64, from first: Int64 = 0, limit: Int
    ) throws -> (events: [Event], next: Int64?) {
        var events: [Event] = []
        var place = number
        var looked = 0
        while looked < Self.scanned {
            let records = try platform.index.latest(before: place, limit: Self.step)
            for record in records {
                let number = RecordIndex.number(height: record.height, position: record.position)
                guard number >= first else { return (events, nil) }
                place = number
                looked += 1
                guard let event = try event(of: record),
                    query.selects(event, recorded: EventTime(milliseconds: Int64(record.time)))
                else { continue }
                events.append(event)
                if events.count == limit { return (events, place) }
            }
            if records.count < Self.step { return (events, nil) }
        }
        return (events, place)
    }

    /// The event with an id, and its record.
    func event(id: String) throws -> (Event, record: Hash32)? {
        var records: [IndexedRecord] = try platform.index.records(mentioning: ["epcis:\(id)"], limit: 10)
        if id.hasPrefix(RecordEvents.prefix(platform)),
            let hash = Hash32(hex: String(id.dropFirst(RecordEvents.prefix(platform).count)))
        {
            records += try platform.record(of: hash).map { [$0] } ?? []
        }
        for record in records {
            if let event = try event(of: record), event["eventID"]?.string == id { return (event, record.id) }
        }
        return nil
    }

    /// nil for a record that tells no event.
    private func event(of record: IndexedRecord) throws -> Event? {
        guard record.rejection == nil else { return nil }
        switch (record.contract, record.operation) {
        case (TracingContract.contractName, "captureEvent"):
            let arguments = try platform.statement(of: record).operation.arguments
            guard let document = arguments["document"]?.bytes, let name = arguments["event"]?.text,
                var event = try? JSONTreeReader.read(Array(document)).object
            else { return nil }
            event["eventID"] = .string(name)
            event["recordTime"] = .string(EventTime(milliseconds: Int64(record.time)).text)
            return event
        case (TracingContract.contractName, _):
            return try RecordEvents(platform: platform).event(record, try platform.statement(of: record))
        case ("telemetry", "batch"):
            return SensorEvents(platform: platform).event(record, try platform.statement(of: record))
        default: return nil
        }
    }
}
