import AsyncHTTPClient
import Foundation
import Logging
import Node
import NodeClient
import Testing

/// Numbers at the edges of their types, in every place where a request carries one: an error for the sender, nothing for the node.
struct HostileRequestTests {
    @Test func numbersAtTheEdge() async throws {
        try await TestConsortium.with { running in
            let ledger = running.platform.node.ledger.hex
            let spectator = useCases[0].cast.spectator
            let key = try #require(try running.platform.keys.key(of: spectator))
            let authorization = try await NodeSession(
                address: running.address, ledger: running.platform.node.ledger, participant: spectator, key: key
            ).authorization()
            let numbers = ["18446744073709551615", "9223372036854775808", "9223372036854775807", "-1", "x", "+12"]
            for number in numbers {
                for path in [
                    "/api/v1/readings?device=x&sequence=\(number)", "/api/v1/readings?device=x&limit=\(number)",
                    "/api/v1/ledgers/\(ledger)/blocks?from=\(number)", "/api/v1/ledgers/\(ledger)/blocks/\(number)",
                    "/api/v1/ledgers/\(ledger)/consistency?first=0&second=\(number)",
                    "/ledgers/\(ledger)/blocks/\(number)",
                    "/log/\(ledger)/tile/0/\(number)", "/log/\(ledger)/tile/\(number)/000",
                    "/log/\(ledger)/tile/entries/x999/x999/x999/x999/x999/999", "/log/\(ledger)/tile/entries/x9/+12",
                    "/log/\(ledger)/tile/0/x999/x999/x999/x999/999.p/255", "/entries/\(number)",
                    "/api/v1/transactions/\(number)/evidence?reading=\(number)",
                    "/01/\(number)/10/\(number)/21/\(number)",
                    "/api/v1/evidence/box?code=01%2F\(number)", "/epcis/events?perPage=\(number)",
                ] {
                    var request = HTTPClientRequest(url: running.address + path)
                    request.headers.add(name: "Authorization", value: authorization)
                    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
                    #expect(response.status != .unauthorized)
                    #expect(response.status.code < 500, "\(path) gave \(response.status.code)")
                }
                var events = HTTPClientRequest(url: running.address + "/api/v1/events")
                events.headers.add(name: "Last-Event-ID", value: number)
                events.headers.add(name: "Authorization", value: authorization)
                let response = try await HTTPClient.shared.execute(events, timeout: .seconds(10))
                #expect(response.status == .badRequest, "Last-Event-ID \(number)")
            }
            // Still there.
            _ = try await NodeConnection(address: running.address)
        }
    }
}
