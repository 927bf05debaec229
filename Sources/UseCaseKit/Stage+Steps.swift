import DeviceKit
import Ledger

// What every scenario does: act, show, be refused, and look at what became of it.

extension Stage {
    /// Performs an operation that must be accepted.
    @discardableResult
    public func require(
        _ operation: Ledger.Operation, as participant: String, about subject: String
    ) async throws -> Performed {
        let performed = try await perform(operation, as: participant, about: subject)
        guard performed.answer.word == "FINAL" else {
            throw ScenarioError(
                "\(operation.contract) \(operation.name) of \(participant) was refused: "
                    + (performed.answer.problem?.detail ?? performed.answer.word))
        }
        return performed
    }

    /// Reports an exchange, its evidence verified from bytes alone.
    public func show(
        _ step: String, _ producer: String, _ receiver: String, _ exchanged: String, _ performed: Performed
    ) async throws {
        report(
            ScenarioStep(
                step: step, producer: producer, receiver: receiver, exchanged: exchanged,
                transactionId: performed.statement.id.hex, blockHeight: performed.answer.height,
                finalityMs: performed.milliseconds,
                receiptVerified: try await StageEvidence(self).verify(performed.statement)))
    }

    /// Reports an exchange that others made, as it was found on the ledger and verified.
    public func show(
        _ step: String, _ producer: String, _ receiver: String, _ exchanged: String, _ found: StageEvidence.Found
    ) {
        report(
            ScenarioStep(
                step: step, producer: producer, receiver: receiver, exchanged: exchanged,
                transactionId: found.transaction, blockHeight: found.height, finalityMs: found.milliseconds,
                receiptVerified: found.isVerified))
    }

    /// A step of a scenario that must be accepted.
    @discardableResult
    public func step(
        _ step: String, _ producer: String, _ receiver: String, _ operation: Ledger.Operation, as participant: String,
        about subject: String, _ exchanged: String
    ) async throws -> Performed {
        let performed = try await require(operation, as: participant, about: subject)
        try await show(step, producer, receiver, exchanged, performed)
        return performed
    }

    /// A step that must be refused by the ledger, with this code; anything else fails the scenario. A refusal has no leaf
    /// in the log, so there is no receipt of it to verify: what is held to is the code.
    public func refusal(
        _ step: String, _ producer: String, _ receiver: String, _ operation: Ledger.Operation, as participant: String,
        about subject: String, _ exchanged: String, code: String
    ) async throws {
        let performed = try await perform(operation, as: participant, about: subject)
        guard performed.answer.word == "REJECTED", let problem = performed.answer.problem, problem.code == code else {
            throw ScenarioError(
                "\(step): \(operation.name) had to be refused with \(code), and was \(performed.answer.word) "
                    + "(\(performed.answer.problem?.code ?? "no problem"))")
        }
        report(
            ScenarioStep(
                step: step, producer: producer, receiver: receiver, exchanged: exchanged,
                transactionId: performed.statement.id.hex, blockHeight: nil, finalityMs: performed.milliseconds,
                receiptVerified: true, refusal: problem.detail))
    }

    /// The value of a state key; nil where there is none.
    public func state(_ key: String) async throws -> CBOR? {
        let answer = try await node.json("/api/v1/ledgers/\(node.ledger.hex)/state?key=\(key)")
        return try (answer["value"] as? String).flatMap { Bytes(hex: $0) }.map { try CBOR.decode($0) }
    }

    // MARK: Devices

    /// Owners of the devices that the ledger knows, by their URNs.
    public func knownDevices() async throws -> [String: String] {
        let items = try await node.json("/api/v1/devices")["items"] as? [[String: Any]] ?? []
        return Dictionary(
            items.compactMap { item in
                (item["urn"] as? String).flatMap { urn in (item["owner"] as? String).map { (urn, $0) } }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// A device as a registrar vouches for it.
    public struct Enrolment: Sendable {
        public let identity: DeviceIdentity
        public let profile: String
        public let owner: String
        public let gateway: String
        /// Hash of its Thing Description; nil for none.
        public let thing: Hash32?

        public init(_ identity: DeviceIdentity, profile: String, owner: String, gateway: String, thing: Hash32? = nil) {
            self.identity = identity
            self.profile = profile
            self.owner = owner
            self.gateway = gateway
            self.thing = thing
        }
    }

    /// Has a registrar vouch for those devices that the ledger does not know yet.
    public func enrol(_ devices: [Enrolment], by registrar: String) async throws {
        let known = try await knownDevices()
        for device in devices where known[device.identity.urn.text] == nil {
            var arguments: [(String, CBOR)] = [
                ("urn", .text(device.identity.urn.text)), ("owner", .text(device.owner)),
                ("gateway", .text(device.gateway)), ("profile", .text(device.profile)),
                ("generation", .unsigned(device.identity.generation)),
                ("key", .bytes(device.identity.signingKey.verifyingKey.coseKey)),
            ]
            if let thing = device.thing { arguments.append(("thing", .hash(thing))) }
            try await require(
                Ledger.Operation("membership", "enrolDevice", arguments), as: registrar,
                about: device.identity.urn.text)
        }
    }
}
