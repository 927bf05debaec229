import AsyncHTTPClient
import Crypto
import EPCIS
import Foundation
import Ledger
import NIOCore
import ProjectionKit
import UseCaseKit

/// Sends events of new records to those who subscribed, each in its own document, signed with what the subscriber chose.
struct SubscriptionDelivery: Sendable {
    /// Between looks for new blocks, and between tries where a receiver does not answer.
    private static let pause = Duration.seconds(1)
    /// Events of one document.
    private static let batch = 100

    /// Longest wait for a receiver that does not answer; it doubles from ``pause``.
    private static let longestWait = Duration.seconds(300)

    let platform: Platform
    let desk: QueryDesk

    func run() async throws {
        var waits: [String: (wait: Duration, until: ContinuousClock.Instant)] = [:]
        try await platform.keepOn("events are not sent to subscribers", every: Self.pause) {
            let final = platform.node.finalHeight
            var failures: [DeliveryFailure] = []
            for query in desk.all(on: platform.node.ledger) {
                for subscription in query.subscriptions where subscription.next <= final {
                    if let until = waits[subscription.id]?.until, .now < until { continue }
                    // Who does not answer keeps no other from being served.
                    do {
                        try await deliver(subscription, of: query, upTo: final)
                        waits[subscription.id] = nil
                    } catch let error as DeliveryFailure {
                        let wait = min(Self.longestWait, (waits[subscription.id]?.wait ?? Self.pause / 2) * 2)
                        waits[subscription.id] = (wait, .now + wait)
                        failures.append(error)
                    }
                }
            }
            if let first = failures.first { throw first }
        }
    }

    /// What the receiver does not take is sent again: the place only moves on after its 2xx.
    private func deliver(_ subscription: QueryDesk.Subscription, of query: QueryDesk.Query, upTo final: UInt64)
        async throws
    {
        try await platform.index.waitFor(height: final, of: platform.node)
        let first = RecordIndex.number(height: subscription.next, position: 0)
        var place: LedgerEvents.Place? = .init(number: RecordIndex.number(height: final + 1, position: 0))
        while let after = place {
            let page = try LedgerEvents(platform: platform, reader: subscription.owner).page(
                query.query, after: after, from: first, limit: Self.batch)
            if !page.events.isEmpty { try await send(page.events, subscription, query.name) }
            place = page.next
        }
        desk.sent(subscription.id, of: query.name, on: query.ledger, next: final + 1)
    }

    private func send(_ events: [LedgerEvents.Event], _ subscription: QueryDesk.Subscription, _ name: String)
        async throws
    {
        let body = EPCISDocument.queryAnswer(
            events.map { .object($0) }, queryName: name, subscription: subscription.id,
            now: EventTime(milliseconds: Int64(platform.now))
        ).encoded()
        var request = HTTPClientRequest(url: subscription.destination)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "GS1-EPCIS-Version", value: "2.0.0")
        if let token = subscription.signatureToken {
            let signature = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(token.utf8)))
            request.headers.add(
                name: "GS1-Signature",
                value: "hmac-sha256=" + Bytes(signature).hex)
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        let status: UInt
        do {
            status = try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status.code
        } catch {
            throw DeliveryFailure(description: "\(subscription.destination): \(error)")
        }
        guard (200..<300).contains(status) else {
            throw DeliveryFailure(description: "\(subscription.destination) answers \(status)")
        }
    }
}

/// That a subscriber does not take what is sent.
private struct DeliveryFailure: Error, CustomStringConvertible { let description: String }
