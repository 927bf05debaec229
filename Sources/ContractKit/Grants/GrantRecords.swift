import Ledger

/// What is shared, why and how long: the terms of a request and of a grant.
public struct GrantTerms: Sendable, Hashable {
    /// Most streams of one request or grant.
    public static let maximumStreams = 20

    /// Whose readings.
    public var owner: String
    /// Who asks, or may read.
    public var reader: String
    /// `<owner>.<channel>`, in order, each once.
    public var streams: [String]
    /// In plain words, for the owner to judge.
    public var purpose: String
    /// Device times of the readings, ms since 1970; `to` is nil without end.
    public var from: UInt64
    public var to: UInt64?
    /// When access ends, ledger time in ms.
    public var until: UInt64

    /// Whether these terms give no more than `others` ask for.
    public func isWithin(_ others: GrantTerms) -> Bool {
        owner == others.owner && reader == others.reader && purpose == others.purpose
            && streams.allSatisfy { others.streams.contains($0) } && from >= others.from && until <= others.until
            && (others.to.map { asked in to.map { $0 <= asked } ?? false } ?? true)
    }

    init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let reader = map["reader"]?.text,
            let streams = map["streams"]?.array, let purpose = map["purpose"]?.text,
            let from = map["from"]?.unsigned, let until = map["until"]?.unsigned
        else { throw .corrupt("of a grant's terms") }
        self.init(
            owner: owner, reader: reader, streams: streams.compactMap(\.text), purpose: purpose, from: from,
            to: map["to"]?.unsigned, until: until)
    }

    init(
        owner: String, reader: String, streams: [String], purpose: String, from: UInt64, to: UInt64?, until: UInt64
    ) {
        self.owner = owner
        self.reader = reader
        self.streams = streams
        self.purpose = purpose
        self.from = from
        self.to = to
        self.until = until
    }

    var entries: [(Value, Value)] {
        [
            ("owner", .text(owner)), ("reader", .text(reader)), ("streams", .array(streams.map { .text($0) })),
            ("purpose", .text(purpose)), ("from", .unsigned(from)), ("to", .optional(to)), ("until", .unsigned(until)),
        ]
    }
}

/// A reader's request; `grants/requests/<id>`.
public struct RequestRecord: StateValue, Hashable {
    public enum Answer: String, Sendable { case waiting, granted, refused, withdrawn }

    public var terms: GrantTerms
    /// Ledger time, ms.
    public var askedAt: UInt64
    public var answer: Answer

    public init(terms: GrantTerms, askedAt: UInt64, answer: Answer) {
        self.terms = terms
        self.askedAt = askedAt
        self.answer = answer
    }

    public init(cbor: Value) throws(ContractError) {
        guard let askedAt = cbor.map?["askedAt"]?.unsigned,
            let answer = cbor.map?["answer"]?.text.flatMap(Answer.init)
        else { throw .corrupt("of a request") }
        self.init(terms: try GrantTerms(cbor: cbor), askedAt: askedAt, answer: answer)
    }

    public var cbor: Value {
        .map(ValueMap(terms.entries + [("askedAt", .unsigned(askedAt)), ("answer", .text(answer.rawValue))]))
    }
}

/// An owner's permission to read; `grants/grants/<id>`.
public struct GrantRecord: StateValue, Hashable {
    public var terms: GrantTerms
    /// Ledger time, ms.
    public var grantedAt: UInt64
    /// Ledger time, ms; nil while nobody ended it before its time.
    public var revokedAt: UInt64?
    /// The owner, or the reader who gave it back.
    public var revokedBy: String?
    /// How often keys were handed out under it.
    public var releases: UInt64

    public init(terms: GrantTerms, grantedAt: UInt64, releases: UInt64 = 0) {
        self.terms = terms
        self.grantedAt = grantedAt
        self.releases = releases
    }

    /// Whether it holds at a ledger time, ms.
    public func isLive(at time: UInt64) -> Bool { revokedAt == nil && time < terms.until }

    /// Whether the key of an epoch may be handed out under it: the epoch holds readings of the granted period. A grant
    /// for what is still to come opens only epochs that began after it; one for the past opens whole epochs.
    public func covers(_ epoch: EpochRecord) -> Bool {
        guard let first = epoch.from, let last = epoch.to else { return false }
        if terms.from >= grantedAt && epoch.openedAt <= grantedAt { return false }
        return last >= terms.from && terms.to.map { first <= $0 } ?? true
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let grantedAt = map["grantedAt"]?.unsigned, let releases = map["releases"]?.unsigned
        else { throw .corrupt("of a grant") }
        self.init(terms: try GrantTerms(cbor: cbor), grantedAt: grantedAt, releases: releases)
        revokedAt = map["revokedAt"]?.unsigned
        revokedBy = map["revokedBy"]?.text
    }

    public var cbor: Value {
        .map(
            ValueMap(
                terms.entries + [
                    ("grantedAt", .unsigned(grantedAt)), ("revokedAt", .optional(revokedAt)),
                    ("revokedBy", .optional(revokedBy)), ("releases", .unsigned(releases)),
                ]))
    }
}
