import Ledger

/// What the ledger knows of a record about a person: that a holder keeps it, of which class and for what, and until when.
/// Nothing in it says whom it is about; `personal/records/<id>`.
public struct PersonalRecord: StateValue, Hashable {
    /// Why a record was erased; closed, so that no free text about a person gets onto the ledger.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The person asked for it.
        case asked
        /// The person took the consent back that it was kept under.
        case consentWithdrawn = "consent-withdrawn"
        /// It need not be kept any longer.
        case retentionEnded = "retention-ended"
        /// A corrected record stands in its place.
        case replaced
    }

    /// How and when a record was erased.
    public struct Erasure: Sendable, Hashable {
        public let reason: Reason
        /// Height of the block that holds the erasure.
        public let height: UInt64
        /// Ledger time, ms since 1970.
        public let time: UInt64
        /// The statement whose receipt proves the erasure.
        public let transaction: Hash32
    }

    /// Who keeps the record itself and answers for its erasure.
    public let holder: String
    /// SHA-256 over salt and fields, both with the holder alone.
    public let commitment: Hash32
    /// A class of the holder's retention table, such as `contact`.
    public let dataClass: String
    /// What it is kept for, such as `delivery`.
    public let purpose: String
    /// Ledger time until which it is kept, ms since 1970.
    public let retainUntil: UInt64
    /// Ledger time at which it was committed to, ms since 1970.
    public let since: UInt64
    /// The statement that committed to it.
    public let transaction: Hash32
    public var erasure: Erasure?

    init(
        holder: String, commitment: Hash32, dataClass: String, purpose: String, retainUntil: UInt64, since: UInt64,
        transaction: Hash32
    ) {
        self.holder = holder
        self.commitment = commitment
        self.dataClass = dataClass
        self.purpose = purpose
        self.retainUntil = retainUntil
        self.since = since
        self.transaction = transaction
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let holder = map["holder"]?.text, let commitment = map["commitment"]?.hash32,
            let dataClass = map["class"]?.text, let purpose = map["purpose"]?.text,
            let retainUntil = map["retainUntil"]?.unsigned, let since = map["since"]?.unsigned,
            let transaction = map["transaction"]?.hash32
        else { throw .corrupt("of personal data") }
        self.init(
            holder: holder, commitment: commitment, dataClass: dataClass, purpose: purpose, retainUntil: retainUntil,
            since: since,
            transaction: transaction)
        guard let erased = map["erased"]?.map else { return }
        guard let reason = erased["reason"]?.text.flatMap(Reason.init), let height = erased["height"]?.unsigned,
            let time = erased["time"]?.unsigned, let transaction = erased["transaction"]?.hash32
        else { throw .corrupt("of an erasure") }
        erasure = Erasure(reason: reason, height: height, time: time, transaction: transaction)
    }

    public var cbor: Value {
        [
            "holder": .text(holder), "commitment": .hash(commitment), "class": .text(dataClass),
            "purpose": .text(purpose), "retainUntil": .unsigned(retainUntil), "since": .unsigned(since),
            "transaction": .hash(transaction),
            "erased": erasure.map {
                [
                    "reason": .text($0.reason.rawValue), "height": .unsigned($0.height), "time": .unsigned($0.time),
                    "transaction": .hash($0.transaction),
                ]
            } ?? .null,
        ]
    }
}
