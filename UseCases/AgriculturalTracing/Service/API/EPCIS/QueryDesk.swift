import EPCIS
import Foundation
import Ledger
import Synchronization

/// Named queries and their subscriptions (EPCIS 2.0 §8.2.8), since this node started.
final class QueryDesk: Sendable {
    /// Of one ledger.
    static let maximumQueries = 100
    /// Of one query.
    static let maximumSubscriptions = 20

    struct Query: Sendable {
        let ledger: Hash32
        let name: String
        let owner: String
        let query: EventQuery
        var subscriptions: [Subscription] = []

        var json: JSONValue { ["name": .string(name), "query": query.json] }
    }

    struct Subscription: Sendable {
        let id: String
        let owner: String
        let destination: String
        /// Key of the signature over what is sent; nil sends it unsigned.
        let signatureToken: String?
        let createdAt: EventTime
        /// Height of the next block whose events are to be sent.
        var next: UInt64

        var json: JSONValue {
            [
                "subscriptionID": .string(id), "dest": .string(destination), "stream": .boolean(true),
                "createdAt": .string(createdAt.text),
            ]
        }
    }

    enum Refusal: Error { case exists, full }

    private let queries = Mutex<[Query]>([])

    func all(on ledger: Hash32) -> [Query] { queries.withLock { $0.filter { $0.ledger == ledger } } }

    func query(_ name: String, on ledger: Hash32) -> Query? { all(on: ledger).first { $0.name == name } }

    func add(_ query: Query) throws(Refusal) {
        try queries.withLock { (queries: inout [Query]) throws(Refusal) in
            let own = queries.filter { $0.ledger == query.ledger }
            guard !own.contains(where: { $0.name == query.name }) else { throw .exists }
            guard own.count < Self.maximumQueries else { throw .full }
            queries.append(query)
        }
    }

    func remove(_ name: String, on ledger: Hash32) {
        queries.withLock { $0.removeAll { $0.name == name && $0.ledger == ledger } }
    }

    func subscribe(_ subscription: Subscription, to name: String, on ledger: Hash32) throws(Refusal) {
        try queries.withLock { (queries: inout [Query]) throws(Refusal) in
            guard let place = queries.firstIndex(where: { $0.name == name && $0.ledger == ledger }) else { return }
            guard queries[place].subscriptions.count < Self.maximumSubscriptions else { throw .full }
            queries[place].subscriptions.append(subscription)
        }
    }

    /// - Returns: whether there was one.
    func unsubscribe(_ id: String, from name: String, on ledger: Hash32) -> Bool {
        change(name, on: ledger) { query in
            let count = query.subscriptions.count
            query.subscriptions.removeAll { $0.id == id }
            return query.subscriptions.count < count
        } ?? false
    }

    /// What was sent goes up to a height.
    func sent(_ id: String, of name: String, on ledger: Hash32, next: UInt64) {
        _ = change(name, on: ledger) { query in
            if let place = query.subscriptions.firstIndex(where: { $0.id == id }) {
                query.subscriptions[place].next = next
            }
        }
    }

    private func change<Value: Sendable>(
        _ name: String, on ledger: Hash32, _ body: @Sendable (inout Query) -> Value
    ) -> Value? {
        queries.withLock { queries in
            guard let place = queries.firstIndex(where: { $0.name == name && $0.ledger == ledger }) else { return nil }
            return body(&queries[place])
        }
    }
}
