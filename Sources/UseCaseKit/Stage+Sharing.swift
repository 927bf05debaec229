import ContractKit
import Foundation
import KeyService
import Ledger

// Owners and readers of sealed streams, as any use case's scenario plays them.

extension Stage {
    /// How long a gateway may take to hear of a change, longer than it takes.
    private static let gatewayHears: Duration = .milliseconds(2_500)

    /// Publishes those of an owner's channels that are not published yet, and waits until the gateway knows.
    public func publish(_ channels: [String], of owner: String) async throws {
        let known = try await node.json("/api/v1/streams")["streams"] as? [[String: Any]] ?? []
        let published = Set(known.filter { $0["published"] as? Bool == true }.compactMap { $0["stream"] as? String })
        var isChanged = false
        for stream in channels.map({ "\(owner).\($0)" }) where !published.contains(stream) {
            try await require("publish", [("stream", .text(stream))], as: owner, about: stream)
            isChanged = true
        }
        if isChanged { try await Task.sleep(for: Self.gatewayHears) }
    }

    /// Performs an operation of the contract `grants` that must be accepted.
    @discardableResult
    public func require(
        _ operation: String, _ arguments: [(String, CBOR)], as participant: String, about subject: String
    ) async throws -> Performed {
        try await require(Ledger.Operation("grants", operation, arguments), as: participant, about: subject)
    }

    /// Fetches the keys of a grant as its reader does, and opens them.
    ///
    /// - Parameter epochs: which; nil for all that the grant covers.
    /// - Returns: the keys, or the code and words of the refusal.
    public func fetchKeys(
        grant: String, as reader: String, epochs: [EpochRange]? = nil
    ) async throws -> (keys: [EpochKey], refusal: (code: String, detail: String)?) {
        guard let key = try keys.key(of: reader) else {
            throw ScenarioError("the key of \(reader) is not in the key folder")
        }
        var arguments: [(String, CBOR)] = [("grant", .text(grant))]
        if let epochs { arguments.append(("epochs", .array(epochs.map(\.cbor)))) }
        let request = try Statement.sign(
            Ledger.Operation("grants", "fetch", arguments), issuer: reader, subject: grant,
            validUntil: UInt64(Date().timeIntervalSince1970) + 300,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: node.ledger, with: key)
        let (status, answer) = try await node.post("/api/v1/keys", request.bytes, contentType: "application/cose")
        guard status == 200 else {
            return ([], (answer["code"] as? String ?? "", answer["detail"] as? String ?? ""))
        }
        let own = try encryptionKeys.decryptionKey(of: reader)
        let items = answer["keys"] as? [[String: Any]] ?? []
        return (
            try items.map { item in
                func bytes(_ name: String) -> Bytes { (item[name] as? String).flatMap { Bytes(hex: $0) } ?? [] }
                let epoch = StreamEpoch(
                    ledger: node.ledger, gateway: item["gateway"] as? String ?? "",
                    stream: item["stream"] as? String ?? "", number: (item["epoch"] as? NSNumber)?.uint64Value ?? 0)
                return try EpochKey.unwrap(
                    WrappedSecret(encapsulatedKey: bytes("enc"), ciphertext: bytes("ciphertext")), of: epoch,
                    recipient: reader, grant: grant, with: own,
                    commitment: Hash32(bytes("commitment")) ?? .zero)
            }, nil
        )
    }
}
