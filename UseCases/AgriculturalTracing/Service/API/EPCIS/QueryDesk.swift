import EPCIS
import Foundation
import Ledger
import Synchronization

/// Named queries and their subscriptions (EPCIS 2.0 §8.2.8), kept in a file of the node.
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
    private let files = Mutex<[Hash32: (file: URL, report: @Sendable (String) -> Void)]>([:])

    /// Takes up what a ledger's file holds, and keeps it there from now on. An entry that cannot be read is told and left out.
    func keep(in file: URL, of ledger: Hash32, report: @escaping @Sendable (String) -> Void) {
        let isNew = files.withLock { $0.updateValue((file, report), forKey: ledger) == nil }
        guard isNew, let content = FileManager.default.contents(atPath: file.path) else { return }
        do {
            let kept = try JSONTreeReader.read(Array(content)).array ?? []
            let read = kept.compactMap { Query(kept: $0, ledger: ledger) }
            if read.count < kept.count { report("\(kept.count - read.count) queries in \(file.path) cannot be read") }
            queries.withLock { $0 += read }
        } catch {
            report("\(file.path) cannot be read: \(error.description)")
        }
    }

    /// Whole, before a change is answered; it holds secrets of subscribers.
    private func save(_ queries: [Query], of ledger: Hash32) {
        guard let (file, report) = files.withLock({ $0[ledger] }) else { return }
        let content = JSONValue.array(queries.filter { $0.ledger == ledger }.map(\.kept)).encoded()
        let isWritten = FileManager.default.createFile(
            atPath: file.path + ".new", contents: Data(content), attributes: [.posixPermissions: 0o600])
        guard isWritten, rename(file.path + ".new", file.path) == 0 else {
            return report("\(file.path) cannot be written: queries and subscriptions end with this process")
        }
    }

    func all(on ledger: Hash32) -> [Query] { queries.withLock { $0.filter { $0.ledger == ledger } } }

    func query(_ name: String, on ledger: Hash32) -> Query? { all(on: ledger).first { $0.name == name } }

    func add(_ query: Query) throws(Refusal) {
        try queries.withLock { (queries: inout [Query]) throws(Refusal) in
            let own = queries.filter { $0.ledger == query.ledger }
            guard !own.contains(where: { $0.name == query.name }) else { throw .exists }
            guard own.count < Self.maximumQueries else { throw .full }
            queries.append(query)
            save(queries, of: query.ledger)
        }
    }

    func remove(_ name: String, on ledger: Hash32) {
        queries.withLock { queries in
            queries.removeAll { $0.name == name && $0.ledger == ledger }
            save(queries, of: ledger)
        }
    }

    func subscribe(_ subscription: Subscription, to name: String, on ledger: Hash32) throws(Refusal) {
        try queries.withLock { (queries: inout [Query]) throws(Refusal) in
            guard let place = queries.firstIndex(where: { $0.name == name && $0.ledger == ledger }) else { return }
            guard queries[place].subscriptions.count < Self.maximumSubscriptions else { throw .full }
            queries[place].subscriptions.append(subscription)
            save(queries, of: ledger)
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
            let value = body(&queries[place])
            save(queries, of: ledger)
            return value
        }
    }
}

// MARK: As they are kept

extension QueryDesk.Query {
    fileprivate var kept: JSONValue {
        [
            "name": .string(name), "owner": .string(owner), "query": query.json,
            "subscriptions": .array(subscriptions.map(\.kept)),
        ]
    }

    /// nil for what is no query.
    fileprivate init?(kept: JSONValue, ledger: Hash32) {
        guard let name = kept["name"]?.string, let owner = kept["owner"]?.string, let definition = kept["query"],
            let query = try? EventQuery(definition)
        else { return nil }
        self.init(
            ledger: ledger, name: name, owner: owner, query: query,
            subscriptions: (kept["subscriptions"]?.array ?? []).compactMap(QueryDesk.Subscription.init(kept:)))
    }
}

extension QueryDesk.Subscription {
    fileprivate var kept: JSONValue {
        [
            "id": .string(id), "owner": .string(owner), "destination": .string(destination),
            "signatureToken": signatureToken.map { .string($0) } ?? .null, "createdAt": .string(createdAt.text),
            "next": .number("\(next)"),
        ]
    }

    fileprivate init?(kept: JSONValue) {
        guard let id = kept["id"]?.string, let owner = kept["owner"]?.string,
            let destination = kept["destination"]?.string, let next = kept["next"]?.number.flatMap(UInt64.init),
            let created = kept["createdAt"]?.string.flatMap({ EventTime($0) })
        else { return nil }
        self.init(
            id: id, owner: owner, destination: destination, signatureToken: kept["signatureToken"]?.string,
            createdAt: created, next: next)
    }
}
