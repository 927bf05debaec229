import Ledger

/// Batches of signed readings from gateways. It keeps each stream dense: no batch twice, none missing.
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `openEpoch` | a gateway | it is not the next epoch; the owner has no encryption key, or has not signed the terms that \
/// this gateway needs |
/// | `batch` | a gateway | positions do not continue the stream; sealed under an epoch that was not opened; plain \
/// although the owner did not publish the stream; the root does not match a plain body; the owner has not signed |
public struct TelemetryContract: Contract {
    /// The next free position of a gateway's stream, by `<gateway>/<stream>`.
    public static let streams = StateMap<UInt64>("telemetry", "streams")
    /// Keys under which streams are sealed; see ``EpochRecord/key(gateway:stream:number:)``.
    public static let epochs = StateMap<EpochRecord>("telemetry", "epochs")
    /// The number of the latest epoch, by `<gateway>/<stream>`.
    public static let latestEpochs = StateMap<UInt64>("telemetry", "latestepochs")
    /// Most readings of one batch.
    public static let maximumReadings: UInt64 = 2000
    /// Most epochs of a stream.
    static let maximumEpoch: UInt64 = 1_000_000_000

    public let name = "telemetry"
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.gateway)
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "batch": try batch(&arguments, context)
        case "openEpoch": try openEpoch(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    private func batch(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (stream, owner) = try Self.stream(&arguments)
        let epoch = try arguments.unsigned("epoch")
        let first = try arguments.unsigned("first")
        let last = try arguments.unsigned("last")
        let from = try arguments.unsigned("from")
        let to = try arguments.unsigned("to")
        let root = try arguments.hash("root")
        let body = try arguments.bytes("body", maximum: 60 * 1024)
        let sealed = try arguments.bool("sealed")
        try arguments.finish()
        try Self.requireAgreement(of: owner, context)

        let key = "\(context.sender.id)/\(stream)"
        let next = try context.get(Self.streams, key) ?? 0
        guard first == next else {
            throw ContractError(100, "the stream continues at position \(next), not at \(first)")
        }
        guard last >= first, last - first < Self.maximumReadings, from <= to else {
            throw ContractError(101, "a batch has 1 to \(Self.maximumReadings) readings and its times in order")
        }
        if sealed {
            try Self.extend(epoch, of: stream, from: from, to: to, context)
        } else {
            guard try context.get(GrantsContract.streams, stream)?.isPublished ?? false else {
                throw ContractError(105, "\(stream) is not published by its owner; seal its batches")
            }
            guard epoch == 0 else { throw ContractError(106, "a batch that is not sealed has epoch 0") }
            try Self.checkBody(body, root: root, count: last - first + 1)
        }
        context.set(Self.streams, key, try last.adding(1))
    }

    /// The same epoch with the same commitment again changes nothing: a gateway that got no answer asks once more.
    private func openEpoch(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let (stream, owner) = try Self.stream(&arguments)
        let number = try arguments.unsigned("epoch", in: 1...Self.maximumEpoch)
        let commitment = try arguments.hash("commitment")
        try arguments.finish()
        let gateway = context.sender.id
        try Self.requireAgreement(of: owner, context)
        try context.requireEntry(GrantsContract.keys, owner, "an encryption key of the owner")
        let latest = try context.get(Self.latestEpochs, "\(gateway)/\(stream)") ?? 0
        let key = EpochRecord.key(gateway: gateway, stream: stream, number: number)
        if number == latest, try context.get(Self.epochs, key)?.commitment == commitment { return }
        guard number == latest + 1 else {
            throw ContractError(107, "the next epoch of \(stream) is \(latest + 1)")
        }
        context.set(Self.latestEpochs, "\(gateway)/\(stream)", number)
        context.set(Self.epochs, key, EpochRecord(owner: owner, commitment: commitment, openedAt: context.time))
    }

    /// Nothing of an owner is taken before they signed what their gateway needs.
    private static func requireAgreement(
        of owner: String, _ context: ContractContext
    ) throws(ContractError) {
        guard try TermsContract.agrees(owner, at: context.sender.id, in: context.state) else {
            throw ContractError(
                108, "\(owner) has not signed the terms that \(context.sender.id) needs; nothing is collected before")
        }
    }

    private static func stream(
        _ arguments: inout Arguments
    ) throws(ContractError) -> (name: String, owner: String) {
        let stream = try MembershipContract.identifier(
            try arguments.text("stream", maximum: StreamName.maximum), "stream")
        guard let owner = StreamName.owner(of: stream) else { throw .invalid("stream", "<owner>.<channel>") }
        return (stream, owner)
    }

    /// Notes that an epoch has readings of these times.
    private static func extend(
        _ number: UInt64, of stream: String, from: UInt64, to: UInt64, _ context: ContractContext
    ) throws(ContractError) {
        let key = EpochRecord.key(gateway: context.sender.id, stream: stream, number: number)
        guard var epoch = try context.get(epochs, key) else {
            throw ContractError(104, "epoch \(number) of \(stream) was not opened")
        }
        epoch.from = min(epoch.from ?? from, from)
        epoch.to = max(epoch.to ?? to, to)
        context.set(epochs, key, epoch)
    }

    /// A plain body must be exactly what the root commits to.
    private static func checkBody(_ body: Bytes, root: Hash32, count: UInt64) throws(ContractError) {
        guard let items = (try? CBOR.decode(body))?.array, UInt64(items.count) == count else {
            throw ContractError(102, "the body is a list of \(count) readings")
        }
        var leaves: [Hash32] = []
        for item in items {
            guard let reading = item.bytes else { throw ContractError(102, "a reading in a body is a byte string") }
            leaves.append(MerkleTree.leafHash(reading))
        }
        guard MerkleTree.root(leaves) == root else {
            throw ContractError(103, "the root does not match the readings in the body")
        }
    }
}
