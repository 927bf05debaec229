import Foundation
import Logging
import Node
import Testing

/// A file that `cairn node` is started with: what it leaves out, and what it must not say.
struct NodeConfigurationTests {
    private func read(_ change: (inout [String: Any]) -> Void) throws -> NodeConfiguration {
        let file = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        var configuration = NodeConfiguration(
            useCase: "agricultural-tracing", member: "retail", folder: ".", port: 1, operationsPort: 2, peerPort: 3,
            peers: ["laboratory": "https://127.0.0.1:4"], etcd: .init(endpoints: ["127.0.0.1:5"]), field: false)
        configuration.peerHost = nil
        var object =
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(configuration)) as? [String: Any] ?? [:]
        change(&object)
        try JSONSerialization.data(withJSONObject: object).write(to: file)
        return try NodeConfiguration(file: file)
    }

    @Test func peersAreAnsweredOnTheLoopbackUnlessToldOtherwise() throws {
        let logger = Logger(label: "test")
        let (plain, given) = (try read { _ in }, try read { $0["peerHost"] = "10.0.0.7" })
        #expect(try plain.consortium(logger: logger).place?.peerHost == "127.0.0.1")
        #expect(try given.consortium(logger: logger).place?.peerHost == "10.0.0.7")
    }

    @Test(arguments: ["http://127.0.0.1:4", "127.0.0.1:4", "https://127.0.0.1:4/"])
    func nodesAreReachedByTLSAlone(_ address: String) throws {
        do {
            _ = try read { $0["peers"] = ["laboratory": address] }
            Issue.record("\(address) is taken")
        } catch {
            #expect("\(error)".contains("https://HOST:PORT"))
        }
    }

    @Test func aKeyThatIsNotKnownIsAnError() throws {
        do {
            _ = try read { $0["peerHosts"] = "10.0.0.7" }
            Issue.record("it is taken")
        } catch {
            #expect("\(error)".contains("peerHosts"))
        }
    }
}
