import APIKit
import Foundation
import Gateway
import PortalKit

/// The gateway's own page, on the port where it takes readings: what it holds, how full it is, and when it last reached its node. It needs no
/// node, for it is looked at where there is none.
struct GatewayPage: Sendable {
    let gateway: Gateway
    let portal: Portal

    init(gateway: Gateway) throws {
        self.gateway = gateway
        portal = try Portal(
            site: Site(
                name: "Gateway", operatorName: gateway.configuration.member, navigation: [], showsDemoRecords: false,
                eventsURL: nil), templates: [])
    }

    var routes: [Route] {
        [
            Route(.get, "/", "What the gateway holds", tag: "field", access: .anyone, produces: "text/html") { _ in
                .html(try portal.render(page))
            },
            Route(.get, "/v1/status", "What the gateway holds", tag: "field", access: .anyone) { _ in
                let counters = gateway.counters
                return .json([
                    "backlog": counters.backlog, "backlogLimit": limits.backlog, "octets": counters.storeOctets,
                    "octetLimit": limits.octets, "isFull": counters.isFull, "settled": counters.settled,
                    "isNodeReachable": counters.isNodeReachable,
                    "nodeReachedAt": counters.nodeReachedAt.map { $0 as Any } ?? NSNull(),
                ])
            },
            ExplorerRoutes.asset(of: portal),
        ]
    }

    private var limits: GatewayConfiguration.StoreLimits { gateway.configuration.limits }

    private var page: WorkPage {
        let counters = gateway.counters
        func part(_ value: Int, of limit: Int) -> String {
            "\(figure(Double(value) / Double(limit) * 100, decimals: 2)) % full"
        }
        return WorkPage(
            kicker: "IoT gateway", title: gateway.configuration.id,
            lead: counters.isNodeReachable
                ? "Its node answers; what it takes becomes final within seconds."
                : "Its node is away. Everything is kept here, and goes to the node when it is back.",
            facts: [
                counters.nodeReachedAt.map { Fact("Last contact", Moment(milliseconds: Int64($0))) }
                    ?? Fact("Last contact", "none since it started"),
                Fact(
                    "Waiting", "\(counters.backlog) readings",
                    note: part(counters.backlog, of: limits.backlog) + " of \(limits.backlog)"),
                Fact(
                    "Store", "\(counters.storeOctets / 1024) KiB",
                    note: part(counters.storeOctets, of: limits.octets) + " of \(limits.octets >> 30) GiB"),
                Fact("Final since it started", "\(counters.settled) readings"),
                Fact("Broker", counters.isBrokerConnected ? "connected" : "not connected"),
            ])
    }
}
