import Broker
import ContractKit
import DeviceKit
import Foundation
import KeyService
import Keys
import Ledger
import MQTT
import NodeClient

/// Where a scenario plays: a running node reached over HTTP, a broker reached over TLS, and the keys of those who act.
public struct Stage: Sendable {
    public private(set) var node: NodeConnection
    public let keys: KeyFolder
    public let encryptionKeys: EncryptionKeyFolder
    /// nil for a consortium without devices.
    public let broker: BrokerAddress?
    /// Folder for sequence numbers and certificates of devices.
    public let devices: URL
    /// Stages of the use case's companions, by name.
    public let companions: [String: Stage]
    /// Steps as they happen.
    public let report: @Sendable (ScenarioStep) -> Void

    public struct BrokerAddress: Sendable {
        public let port: Int
        public let authorityFolder: String

        public init(port: Int, authorityFolder: String) {
            self.port = port
            self.authorityFolder = authorityFolder
        }
    }

    public init(
        node: NodeConnection, keys: KeyFolder, encryptionKeys: EncryptionKeyFolder, broker: BrokerAddress?,
        devices: URL,
        companions: [String: Stage] = [:], report: @escaping @Sendable (ScenarioStep) -> Void
    ) {
        self.node = node
        self.keys = keys
        self.encryptionKeys = encryptionKeys
        self.broker = broker
        self.devices = devices
        self.companions = companions
        self.report = report
    }

    /// The same stage, read by a participant whose key is at hand; else by the spectator.
    public func seen(by participant: String) throws -> Stage {
        guard let key = try keys.key(of: participant) else { return self }
        var stage = self
        stage.node.read(as: participant, with: key)
        return stage
    }

    /// Signs an operation and waits until it is final, by way of the node's HTTP interface.
    public func perform(
        _ operation: Ledger.Operation, as participant: String, about subject: String
    ) async throws -> Performed {
        guard let key = try keys.key(of: participant) else {
            throw ScenarioError("the key of \(participant) is not in the key folder")
        }
        let statement = try Statement.sign(
            operation, issuer: participant, subject: subject,
            validUntil: UInt64(Date().timeIntervalSince1970) + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: node.ledger, with: key)
        let start = ContinuousClock.now
        let answer = try await node.submit(statement.bytes)
        return Performed(
            statement: statement, answer: answer, milliseconds: (ContinuousClock.now - start).milliseconds)
    }

    public struct Performed: Sendable {
        public let statement: Statement
        public let answer: NodeConnection.Submission
        public let milliseconds: Double
    }

    /// The broker as a device reaches it, without its certificate.
    public func brokerConfiguration(clientID: String) throws -> MQTTConfiguration {
        MQTTConfiguration(host: "127.0.0.1", port: try requireBroker().port, clientID: clientID, tls: nil)
    }

    private func requireBroker() throws -> BrokerAddress {
        guard let broker else { throw ScenarioError("this consortium runs without broker and gateway") }
        return broker
    }

    /// A client certificate of the consortium's authority for a device.
    @Sendable public func certificate(for urn: String) throws -> MQTTConfiguration.TLS {
        let files = try CertificateAuthority(folder: try requireBroker().authorityFolder).issueClient(commonName: urn)
        return .init(authorityFile: files.authority, certificateFile: files.certificate, keyFile: files.key)
    }

    /// The secret from which device keys are derived, made once.
    public func provisioningSecret() throws -> Bytes {
        try keys.keyOrNew(of: "provisioning-secret").rawRepresentation
    }
}

extension Duration {
    public var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}

/// One exchange of a scenario, in the terms of the report's step tables.
public struct ScenarioStep: Sendable, Codable {
    /// As the report numbers it: T4.1.
    public let step: String
    public let producer: String
    public let receiver: String
    public let exchanged: String
    public let transactionId: String?
    public let blockHeight: UInt64?
    public let finalityMs: Double?
    /// Verified from bytes alone, by other code than the node's.
    public let receiptVerified: Bool
    /// What the step shows when it is a refusal that must happen.
    public let refusal: String?

    public init(
        step: String, producer: String, receiver: String, exchanged: String, transactionId: String?,
        blockHeight: UInt64?, finalityMs: Double?, receiptVerified: Bool, refusal: String? = nil
    ) {
        self.step = step
        self.producer = producer
        self.receiver = receiver
        self.exchanged = exchanged
        self.transactionId = transactionId
        self.blockHeight = blockHeight
        self.finalityMs = finalityMs
        self.receiptVerified = receiptVerified
        self.refusal = refusal
    }
}

/// A scenario that did not go as the report's table says.
public struct ScenarioError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
