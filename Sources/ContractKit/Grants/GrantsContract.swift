import Ledger

/// The built-in contract: who may read which stream of readings, and the record of every access.
///
/// A stream is an owner's channel, `<owner>.<channel>`. Nobody but its owner reads it unless the owner published it or
/// granted it; grants end by revocation or by ledger time.
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `request` | a reader | the terms are out of order; the id is taken |
/// | `refuse` | the owner, or the reader who withdraws it | it is answered already |
/// | `grant` | the owner | as `request`; it gives more than the request it answers |
/// | `revoke` | the owner, or the reader who gives it back | it is revoked or over already |
/// | `release` | the owner | the grant is not live, or does not cover what is released; the request was answered before |
/// | `publish`, `unpublish` | the owner | it is so already |
/// | `rotate` | the owner | |
/// | `setEncryptionKey` | the participant | the key is or was another's |
public struct GrantsContract: Contract {
    public static let requests = StateMap<RequestRecord>("grants", "requests")
    public static let grants = StateMap<GrantRecord>("grants", "grants")
    public static let releases = StateMap<ReleaseRecord>("grants", "releases")
    public static let streams = StateMap<StreamRecord>("grants", "streams")
    /// The key in force of each participant, by id.
    public static let keys = StateMap<EncryptionKeyRecord>("grants", "keys")
    /// Keys no longer in force, by `<participant>/<number>`.
    public static let oldKeys = StateMap<EncryptionKeyRecord>("grants", "oldkeys")
    /// Whose a key is or was, by its hex digits; never removed.
    public static let keyOwners = StateMap<String>("grants", "keyowners")

    /// Most ranges of epochs in one release.
    public static let maximumRanges = 40
    /// Most epochs in one release, a year of days.
    public static let maximumEpochs: UInt64 = 366
    /// Octets of a key service's address.
    private static let maximumService = 200
    /// Octets of an id of a request or grant.
    private static let maximumID = 64

    public let name = "grants"
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "request": try request(&arguments, context)
        case "refuse": try refuse(&arguments, context)
        case "grant": try grant(&arguments, context)
        case "revoke": try revoke(&arguments, context)
        case "release": try release(&arguments, context)
        case "publish": try publish(&arguments, true, context)
        case "unpublish": try publish(&arguments, false, context)
        case "rotate": try rotate(&arguments, context)
        case "setEncryptionKey": try setEncryptionKey(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    /// A grant, or the period that it covers, is over: what is measured from now on gets another key.
    public func timer(_ id: String, in context: ContractContext) throws(ContractError) {
        let record = try context.require(Self.grants, id, "the grant")
        guard record.revokedAt == nil else { return }
        try rotate(record.terms.streams, context)
        try context.emit("grantEnded", subject: id, [("reader", .text(record.terms.reader))])
    }

    // MARK: Requests

    private func request(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.id(&arguments, "id")
        let owner = try arguments.text("owner", maximum: 100)
        let terms = try terms(&arguments, owner: owner, reader: context.sender.id, context)
        try arguments.finish()
        guard try context.get(Self.requests, id) == nil else { throw .exists("the request \(id)") }
        context.set(Self.requests, id, RequestRecord(terms: terms, askedAt: context.time, answer: .waiting))
        try context.emit("requested", subject: id, [("owner", .text(owner)), ("reader", .text(terms.reader))])
    }

    private func refuse(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.id(&arguments, "id")
        try arguments.finish()
        var record = try context.require(Self.requests, id, "the request")
        guard [record.terms.owner, record.terms.reader].contains(context.sender.id) else {
            throw .notAuthorised("a request is refused by \(record.terms.owner) or withdrawn by who made it")
        }
        guard record.answer == .waiting else { throw ContractError(102, "the request \(id) is answered already") }
        record.answer = context.sender.id == record.terms.owner ? .refused : .withdrawn
        context.set(Self.requests, id, record)
        try context.emit(record.answer.rawValue, subject: id)
    }

    // MARK: Grants

    private func grant(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.id(&arguments, "id")
        let reader = try arguments.text("reader", maximum: 100)
        let terms = try terms(&arguments, owner: context.sender.id, reader: reader, context)
        let request = try arguments.optionalText("request", maximum: Self.maximumID)
        try arguments.finish()
        guard try context.get(Self.grants, id) == nil else { throw .exists("the grant \(id)") }
        if let request {
            var asked = try context.require(Self.requests, request, "the request")
            guard asked.answer == .waiting else {
                throw ContractError(102, "the request \(request) is answered already")
            }
            guard terms.isWithin(asked.terms) else {
                throw ContractError(110, "a grant gives no more than its request asks, for the purpose it names")
            }
            asked.answer = .granted
            context.set(Self.requests, request, asked)
        }
        context.set(Self.grants, id, GrantRecord(terms: terms, grantedAt: context.time))
        // Readings of before the grant must not open with a key that it gives.
        if terms.from >= context.time { try rotate(terms.streams, context) }
        for end in Self.ends(terms) where end > context.time { context.schedule(id, at: end) }
        try context.emit("granted", subject: id, [("reader", .text(reader)), ("owner", .text(terms.owner))])
    }

    private func revoke(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.id(&arguments, "id")
        try arguments.finish()
        var record = try context.require(Self.grants, id, "the grant")
        guard [record.terms.owner, record.terms.reader].contains(context.sender.id) else {
            throw .notAuthorised("a grant is revoked by \(record.terms.owner) or given back by its reader")
        }
        guard record.isLive(at: context.time) else { throw ContractError(105, "the grant \(id) is over already") }
        record.revokedAt = context.time
        record.revokedBy = context.sender.id
        context.set(Self.grants, id, record)
        for end in Self.ends(record.terms) { context.cancel(id, at: end) }
        try rotate(record.terms.streams, context)
        try context.emit(
            "revoked", subject: id, [("by", .text(context.sender.id)), ("reader", .text(record.terms.reader))])
    }

    /// Written by the owner's key service before it hands keys out, so that there is no access without its record.
    private func release(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.id(&arguments, "grant")
        let request = try arguments.hash("request")
        let ranges = try Self.ranges(&arguments)
        try arguments.finish()
        var record = try context.require(Self.grants, id, "the grant")
        guard record.terms.owner == context.sender.id else {
            throw .notAuthorised("keys of \(record.terms.owner)'s streams are handed out by their owner alone")
        }
        guard record.isLive(at: context.time) else {
            throw ContractError(103, "the grant \(id) is revoked or over; ask the owner for a new one")
        }
        guard try context.get(Self.releases, request.hex) == nil else { throw .exists("the release \(request.hex)") }
        for range in ranges { try Self.check(range, within: record, context) }
        record.releases = try record.releases.adding(1)
        context.set(Self.grants, id, record)
        context.set(
            Self.releases, request.hex,
            ReleaseRecord(grant: id, number: record.releases, time: context.time, epochs: ranges))
        try context.emit("released", subject: id, [("reader", .text(record.terms.reader))])
    }

    private static func check(
        _ range: EpochRange, within grant: GrantRecord, _ context: ContractContext
    ) throws(ContractError) {
        guard grant.terms.streams.contains(range.stream) else {
            throw ContractError(104, "the grant does not cover \(range.stream); ask for that stream")
        }
        for number in range.first...range.last {
            let key = EpochRecord.key(gateway: range.gateway, stream: range.stream, number: number)
            let epoch = try context.require(TelemetryContract.epochs, key, "the epoch")
            guard epoch.owner == grant.terms.owner, grant.covers(epoch) else {
                throw ContractError(104, "epoch \(number) of \(range.stream) lies outside of the granted period")
            }
        }
    }

    /// When the grant ends, and when the period of its readings does.
    private static func ends(_ terms: GrantTerms) -> [UInt64] { [terms.until] + (terms.to.map { [$0] } ?? []) }

    // MARK: Arguments

    private static func id(_ arguments: inout Arguments, _ name: String) throws(ContractError) -> String {
        try MembershipContract.identifier(try arguments.text(name, maximum: maximumID), name)
    }

    private func terms(
        _ arguments: inout Arguments, owner: String, reader: String, _ context: ContractContext
    ) throws(ContractError) -> GrantTerms {
        let streams = try arguments.texts("streams", maximum: GrantTerms.maximumStreams)
        let terms = GrantTerms(
            owner: owner, reader: reader, streams: streams, purpose: try arguments.text("purpose"),
            from: try arguments.unsigned("from"), to: try arguments.optionalUnsigned("to"),
            until: try arguments.unsigned("until"))
        guard terms.to.map({ terms.from <= $0 }) ?? true, terms.until > context.time else {
            throw ContractError(100, "a period begins before it ends, and a grant ends in the future")
        }
        var last = ""
        for stream in streams {
            guard last < stream else { throw ContractError(101, "streams are named in order, each once") }
            guard StreamName.owner(of: stream) == owner else {
                throw ContractError(101, "\(stream) is not a stream of \(owner)")
            }
            last = stream
        }
        guard !streams.isEmpty else { throw ContractError(101, "name at least one stream") }
        guard owner != reader else { throw ContractError(109, "an owner needs no grant for their own streams") }
        try context.requireEntry(MembershipContract.participants, owner, "the owner")
        try context.requireEntry(MembershipContract.participants, reader, "the reader")
        return terms
    }

    private static func ranges(_ arguments: inout Arguments) throws(ContractError) -> [EpochRange] {
        var ranges: [EpochRange] = []
        var count: UInt64 = 0
        for item in try arguments.array("epochs", maximum: maximumRanges) {
            let range = try EpochRange(cbor: item)
            count = try count.adding(try (range.last - range.first).adding(1))
            ranges.append(range)
        }
        guard !ranges.isEmpty, count <= maximumEpochs else {
            throw .invalid("epochs", "1 to \(maximumEpochs) epochs")
        }
        return ranges
    }

    // MARK: Streams and keys

    private func ownStream(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) -> String {
        let stream = try MembershipContract.identifier(
            try arguments.text("stream", maximum: StreamName.maximum), "stream")
        try arguments.finish()
        guard StreamName.owner(of: stream) == context.sender.id else {
            throw .notAuthorised("\(stream) is not a stream of \(context.sender.id)")
        }
        return stream
    }

    private func publish(
        _ arguments: inout Arguments, _ isPublished: Bool, _ context: ContractContext
    ) throws(ContractError) {
        let stream = try ownStream(&arguments, context)
        var record = try context.get(Self.streams, stream) ?? StreamRecord()
        guard record.isPublished != isPublished else {
            throw ContractError(107, "\(stream) is \(isPublished ? "published" : "sealed") already")
        }
        record.isPublished = isPublished
        context.set(Self.streams, stream, record)
        try context.emit(isPublished ? "published" : "unpublished", subject: stream)
    }

    private func rotate(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try rotate([try ownStream(&arguments, context)], context)
    }

    private func rotate(_ streams: [String], _ context: ContractContext) throws(ContractError) {
        for stream in streams {
            var record = try context.get(Self.streams, stream) ?? StreamRecord()
            record.rotation = try record.rotation.adding(1)
            context.set(Self.streams, stream, record)
        }
    }

    private func setEncryptionKey(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let bytes = try arguments.bytes("key", maximum: EncryptionKey.size)
        let service = try arguments.optionalText("service", maximum: Self.maximumService)
        try arguments.finish()
        guard let key = try? EncryptionKey(bytes) else { throw .invalid("key", "an X25519 public key, 32 bytes") }
        let id = context.sender.id
        let current = try context.get(Self.keys, id)
        if var current, current.key == key.bytes {
            current.service = service
            return context.set(Self.keys, id, current)
        }
        // A key names one participant for ever, and a participant does not return to an old one.
        guard try context.get(Self.keyOwners, key.bytes.hex) == nil else {
            throw ContractError(106, "this key is in use, or was; generate a fresh one")
        }
        if var old = current {
            old.until = context.height
            context.set(Self.oldKeys, "\(id)/\(old.number)", old)
        }
        context.set(Self.keyOwners, key.bytes.hex, id)
        context.set(
            Self.keys, id,
            EncryptionKeyRecord(
                key: key.bytes, number: try (current?.number ?? 0).adding(1), from: context.height, service: service))
    }

    public var invariants: [Invariant] { GrantsInvariants.all }
}
