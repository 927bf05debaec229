import APIKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The messages of one case: a box, a loan, a trade, a stay; from the records that mention it.
struct SequenceRoutes: Sendable {
    private static let maximum = 500

    let platform: Platform
    let useCases: [any UseCase]

    private var about: Route.Parameter {
        .init("about", in: .query, "What the records mention: a code, a lot, a participant", isRequired: true)
    }

    var api: [Route] {
        [
            Route(
                .get, "/api/v1/sequence", "The messages about something, as producer, receiver and exchange",
                tag: "transactions", parameters: [about]
            ) { request in
                let items = try messages(about: request.query["about"] ?? "", request.session)
                return .json([
                    "items": items.map { record, exchange -> [String: Any] in
                        [
                            "step": exchange.step.map { $0 as Any } ?? NSNull(), "producer": exchange.producer,
                            "receiver": exchange.receiver, "exchanged": exchange.exchanged,
                            "time": LedgerAPI.time(record.time), "height": record.height,
                            "transactionId": record.id.hex,
                            "status": record.rejection == nil ? "FINAL" : "REJECTED",
                            "evidence": "/api/v1/transactions/\(record.id.hex)/evidence",
                        ]
                    }
                ])
            }.answeringEveryoneWithTheirOwn()
        ]
    }

    var pages: [Route] {
        [
            Route(
                .get, "/sequence", "The messages about something, drawn", tag: "explorer", parameters: [about],
                produces: "text/html"
            ) { request in
                let name = request.query["about"] ?? ""
                let items = try messages(about: name, request.session)
                return try platform.page(
                    SequencePage(
                        about: name, ledgerID: platform.node.ledger.hex,
                        messages: items.map { record, exchange in
                            .init(
                                producer: exchange.producer, receiver: exchange.receiver,
                                exchanged: exchange.exchanged, time: Moment(milliseconds: Int64(record.time)),
                                height: record.height, transaction: record.id.hex,
                                isRefused: record.rejection != nil)
                        }), request.session)
            }.answeringEveryoneWithTheirOwn()
        ]
    }

    private func messages(about name: String, _ session: Session?) throws -> [(IndexedRecord, Exchange)] {
        let related = useCases.flatMap { (try? $0.names(relatedTo: name, on: platform)) ?? [] }
        let records = try platform.index.records(
            mentioning: [name] + related, and: try session.flatMap { try platform.ownNames($0) }, limit: Self.maximum)
        // A stream has many batches; its first arrow stands for them all.
        var batches: [String: Int] = [:]
        for record in records where record.contract == "telemetry" { batches[record.subject, default: 0] += 1 }
        var drawn: Set<String> = []
        let shown = records.filter { $0.contract != "telemetry" || drawn.insert($0.subject).inserted }
        return try shown.flatMap { record in
            let item = try platform.item(of: record)
            let statement = try item.decoded()
            // What was refused led to nothing.
            let events = record.rejection == nil ? item.result.events : []
            var exchanges =
                useCases.lazy.map { $0.exchanges(in: statement, events: events) }.first { !$0.isEmpty } ?? []
            if exchanges.isEmpty {
                exchanges = [
                    Exchange(
                        producer: statement.issuer, receiver: "Platform",
                        exchanged: "\(statement.operation.contract) \(statement.operation.name)")
                ]
            }
            let count = record.contract == "telemetry" ? batches[record.subject] ?? 1 : 1
            return exchanges.map { exchange in
                (
                    record,
                    Exchange(
                        step: exchange.step, producer: platform.name(of: exchange.producer),
                        receiver: platform.name(of: exchange.receiver),
                        exchanged: exchange.exchanged + (count > 1 ? ", \(count) batches" : ""))
                )
            }
        }
    }
}
