import APIKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The grounds of figures on pages, as far as a visitor may read them: shown, and as an evidence bundle.
struct EvidenceRoutes: Sendable {
    /// Records, and messages of devices, in a bundle; of more, a part that is spread evenly.
    private static let maximumRecords = 40
    /// Where a figure was measured, its messages say most, and the records nearest to it the rest.
    private static let maximumBesideMessages = 12
    private static let maximumMessages = 24
    /// Values looked at for each device.
    private static let maximumValues = 5_000

    let platform: Platform
    let useCases: [any UseCase]

    private static let parameters: [Route.Parameter] = [
        .init("about", in: .query, "What records are about; several with a line feed between"),
        .init("device", in: .query, "URN of a device that reported; several with a line feed between"),
        .init("from", in: .query, "Of the device's time, ms since 1970", .integer(0...Int64.max)),
        .init("to", in: .query, "Of the device's time, not included", .integer(0...Int64.max)),
    ]

    var api: [Route] {
        [
            Route(
                .get, "/api/v1/evidence", "What a figure rests on, as far as the caller may read it, with proofs",
                tag: "grounds", parameters: Self.parameters, produces: EvidenceBundle.contentType,
                problems: [404: "not-found"]
            ) { request in
                let session = try request.requireSession()
                let found = try find(Grounds(query: request.query), for: session)
                return .bytes(try await bundle(found, for: session).encoded(), EvidenceBundle.contentType)
            }
        ]
    }

    var pages: [Route] {
        [
            Route(
                .get, Grounds.path, "What a figure rests on", tag: "grounds", parameters: Self.parameters,
                produces: "text/html"
            ) { request in
                let session = try request.requireSession()
                let grounds = Grounds(query: request.query)
                return try platform.page(
                    page(grounds, try find(grounds, for: session)), session)
            }
        ]
    }

    // MARK: What there is

    private struct Found {
        var records: [IndexedRecord] = []
        /// Values by the message that has them: its batch and its place there.
        var messages: [[IndexedReading]] = []
    }

    private func find(_ grounds: Grounds, for session: Session) throws -> Found {
        var found = Found()
        if !grounds.names.isEmpty { found.records = try records(grounds, session) }
        let readings = try platform.readings(for: session)
        for device in grounds.devices {
            let values = try readings.messages(
                device: device, from: grounds.from, to: grounds.to, limit: Self.maximumValues
            ).map(\.reading)
            let messages = Dictionary(grouping: values) { "\($0.batch)/\($0.position)" }.values
                .sorted { ($0[0].time, $0[0].sequence) < ($1[0].time, $1[0].sequence) }
            found.messages += Self.spread(messages, Self.maximumMessages / grounds.devices.count)
        }
        return found
    }

    private func records(_ grounds: Grounds, _ session: Session) throws -> [IndexedRecord] {
        let own = try platform.ownNames(session)
        let limit = grounds.devices.isEmpty ? Self.maximumRecords : Self.maximumBesideMessages
        func nearest(_ names: [String]) throws -> [IndexedRecord] {
            guard !names.isEmpty else { return [] }
            return try platform.index.accepted(
                mentioning: names, and: own, nearest: grounds.from > 0 ? grounds.from : .max, limit: limit)
        }
        var records = try nearest(grounds.names)
        // What a case consists of besides comes after what is about it by name.
        let related = try grounds.names.flatMap { name in
            try useCases.flatMap { try $0.names(relatedTo: name, on: platform) }
        }
        records += try nearest(related).filter { !records.contains($0) }.prefix(limit - records.count)
        return records.sorted { ($0.height, $0.position) < ($1.height, $1.position) }
    }

    /// At most so many, the first and the last among them.
    private static func spread<Item>(_ items: [Item], _ count: Int) -> [Item] {
        guard items.count > count else { return items }
        guard count > 1 else { return Array(items.prefix(1)) }
        return (0..<count).map { items[$0 * (items.count - 1) / (count - 1)] }
    }

    // MARK: As a bundle

    private func bundle(_ found: Found, for session: Session) async throws -> EvidenceBundle {
        guard !found.records.isEmpty || !found.messages.isEmpty else {
            throw Problem.notFound("record or reading about this that you may read")
        }
        var ids = found.records.map(\.id)
        var proved: [(record: Int, position: Int)] = []
        for values in found.messages {
            let place = ids.firstIndex(of: values[0].batch) ?? ids.count
            if place == ids.count { ids.append(values[0].batch) }
            proved.append((place, values[0].position))
        }
        do {
            return try await platform.node.evidence(
                for: ids, readings: proved, notes: [("Ledger", platform.node.genesis.name)]
            ) { try platform.vaults.readings(of: $0, session.participant) }
        } catch { throw Problem.from(error) }
    }

    // MARK: As a page

    private func page(_ grounds: Grounds, _ found: Found) -> EvidencePage {
        let ledger = platform.node.ledger.hex
        return EvidencePage(
            ledgerID: ledger, grounds: grounds,
            records: found.records.map { record in
                let exchange = useCases.lazy.compactMap { try? $0.exchange(in: platform.statement(of: record)) }.first
                return EvidencePage.Record(
                    what: exchange?.exchanged ?? "\(record.contract) \(record.operation)", about: record.subject,
                    signer: platform.name(of: record.issuer), time: Moment(milliseconds: Int64(record.time)),
                    id: record.id.hex, href: ExplorerPaths.transaction(record.id.hex, ledger: ledger))
            },
            messages: found.messages.map { values in
                EvidencePage.Message(
                    device: values[0].device, number: values[0].sequence,
                    time: Moment(milliseconds: Int64(values[0].time)),
                    values: values.map { ($0.quantity, $0.value, $0.unit) },
                    finding: QualityWords.finding(values[0].quality))
            }, sequenceURL: grounds.names.first.flatMap(Self.sequence))
    }

    private static func sequence(_ name: String) -> String? {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics).map { "/sequence?about=\($0)" }
    }
}
