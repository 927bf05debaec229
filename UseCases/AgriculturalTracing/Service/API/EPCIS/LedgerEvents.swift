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
    /// Who asks: their sealed readings are opened for them; nil for nobody in particular.
    let reader: String?

    typealias Event = [String: JSONValue]

    /// Where a page goes on: before an event of a record, counted from the last of that record.
    struct Place: Equatable {
        var number: Int64
        /// Events of the record that were given already.
        var given = 0

        /// As a token of ``text``; nil for other text.
        init?(_ text: String) {
            let parts = text.split(separator: "-").map { Int64($0) }
            guard parts.count == 2, let number = parts[0], let given = parts[1], given >= 0, given < 1000 else {
                return nil
            }
            self.init(number: number, given: Int(given))
        }

        init(number: Int64, given: Int = 0) {
            self.number = number
            self.given = given
        }

        var text: String { "\(number)-\(given)" }
    }

    /// Events that a query selects, newest record first.
    ///
    /// - Parameters:
    ///   - place: where the page before ended; nil begins with the newest.
    ///   - first: only of records from this number on; see `RecordIndex.number`.
    /// - Returns: where the next page goes on; nil after the last.
    func page(
        _ query: EventQuery, after place: Place?, from first: Int64 = 0, limit: Int
    ) throws -> (events: [Event], next: Place?) {
        var events: [Event] = []
        // The record in the midst of which the page before ended comes once more.
        var before = place.map { $0.given > 0 ? $0.number + 1 : $0.number } ?? .max
        var looked = 0
        while looked < Self.scanned {
            let records = try platform.index.latest(before: before, limit: Self.step)
            for record in records {
                let number = RecordIndex.number(height: record.height, position: record.position)
                guard number >= first else { return (events, nil) }
                before = number
                looked += 1
                let time = EventTime(milliseconds: Int64(record.time))
                let selected = try self.events(of: record).filter { query.selects($0, recorded: time) }
                let given = number == place?.number ? place?.given ?? 0 : 0
                let wanted = selected.dropFirst(given).prefix(limit - events.count)
                events += wanted
                if events.count == limit {
                    let done = given + wanted.count
                    return (events, Place(number: number, given: done < selected.count ? done : 0))
                }
            }
            if records.count < Self.step { return (events, nil) }
        }
        return (events, Place(number: before))
    }

    /// The event with an id, and its record.
    func event(id: String) throws -> (Event, record: Hash32)? {
        var records: [IndexedRecord] = try platform.index.records(mentioning: ["epcis:\(id)"], limit: 10)
        let prefix = RecordEvents.prefix(platform)
        if id.hasPrefix(prefix), let hash = Hash32(hex: String(id.dropFirst(prefix.count).prefix { $0 != "#" })) {
            records += try platform.record(of: hash).map { [$0] } ?? []
        }
        for record in records {
            if let event = try events(of: record).first(where: { $0["eventID"]?.string == id }) {
                return (event, record.id)
            }
        }
        return nil
    }

    /// None for a record that tells no event.
    private func events(of record: IndexedRecord) throws -> [Event] {
        guard record.rejection == nil else { return [] }
        switch (record.contract, record.operation) {
        case (TracingContract.contractName, "captureEvent"):
            let arguments = try platform.statement(of: record).operation.arguments
            guard let document = arguments["document"]?.bytes, let name = arguments["event"]?.text,
                var event = try? JSONTreeReader.read(Array(document)).object
            else { return [] }
            event["eventID"] = .string(name)
            event["recordTime"] = .string(EventTime(milliseconds: Int64(record.time)).text)
            return [event]
        case (TracingContract.contractName, "observe"):
            return try RecordEvents(platform: platform).passes(record, try platform.statement(of: record))
        case (TracingContract.contractName, _):
            let event = try RecordEvents(platform: platform).event(record, try platform.statement(of: record))
            return event.map { [$0] } ?? []
        case ("telemetry", "batch"):
            let event = try SensorEvents(platform: platform, reader: reader)
                .event(record, try platform.statement(of: record))
            return event.map { [$0] } ?? []
        default: return []
        }
    }
}
