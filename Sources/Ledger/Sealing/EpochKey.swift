import Crypto

/// The key of a ``StreamEpoch``: AES-256, random, never derived from anything.
public struct EpochKey: Sendable, Hashable {
    /// Octets of the key.
    public static let size = 32

    public let epoch: StreamEpoch
    /// The key itself. It leaves the process only wrapped or sealed.
    public let bytes: Bytes

    /// - Throws: ``LedgerError`` with `key` for anything but 32 octets.
    public init(_ bytes: Bytes, of epoch: StreamEpoch) throws(LedgerError) {
        guard bytes.count == Self.size else { throw LedgerError(.key, "an epoch's key has \(Self.size) bytes") }
        self.bytes = bytes
        self.epoch = epoch
    }

    /// A fresh key.
    public static func generate(of epoch: StreamEpoch) -> EpochKey {
        do {
            return try EpochKey(SymmetricKey(size: .bits256).withUnsafeBytes { Bytes($0) }, of: epoch)
        } catch {
            preconditionFailure("a generated key has \(size) bytes")
        }
    }

    /// What the gateway registers before it uses the key, so that owner and readers know that they got the right one.
    /// AES-GCM alone does not tell one key from another.
    public var commitment: Hash32 { Hash32.sha256(epoch.encoded("cairn-epoch-key/1", [.bytes(bytes)])) }

    // MARK: Wrapping

    /// The key, sealed for a participant.
    public func wrapped(for recipient: String, _ key: EncryptionKey, grant: String?) throws(LedgerError)
        -> WrappedSecret
    {
        try key.wrap(bytes, info: epoch.wrappingInfo(recipient: recipient, grant: grant))
    }

    /// Opens a wrapped key and compares it with the registered commitment.
    ///
    /// - Throws: ``LedgerError`` with `sealing`.
    public static func unwrap(
        _ secret: WrappedSecret, of epoch: StreamEpoch, recipient: String, grant: String?, with key: DecryptionKey,
        commitment: Hash32
    ) throws(LedgerError) -> EpochKey {
        let bytes = try key.unwrap(secret, info: epoch.wrappingInfo(recipient: recipient, grant: grant))
        let opened = try EpochKey(bytes, of: epoch)
        guard opened.commitment == commitment else {
            throw LedgerError(.sealing, "this is not the key that \(epoch.gateway) registered for \(epoch.stream)")
        }
        return opened
    }

    // MARK: Batches

    /// Seals the encoded list of a batch's readings.
    ///
    /// The nonce is the first four octets of the root and the first position. Positions never repeat in a stream, so no
    /// nonce repeats under a key; the root's octets keep it so for a batch that was sealed, lost with the process
    /// before it was stored, and sealed again with more readings.
    ///
    /// - Parameter batch: place and root, which the ciphertext is bound to.
    public func seal(_ readings: Bytes, of batch: SealedBatch) -> Bytes {
        do {
            return try COSEEncrypt0.seal(
                readings, nonce: batch.nonce, externalAAD: batch.externalAAD(epoch), key: bytes)
        } catch {
            preconditionFailure("AES-256-GCM takes every plaintext of a batch's size: \(error)")
        }
    }

    /// Opens a batch and compares every reading with the root.
    ///
    /// - Returns: the encoded readings, in order.
    /// - Throws: ``LedgerError`` with `sealing` when the body was altered, belongs to another place or another key, or
    ///   does not hold what the root says.
    public func open(_ body: Bytes, of batch: SealedBatch) throws(LedgerError) -> [Bytes] {
        let plain = try COSEEncrypt0.open(
            body, nonce: batch.nonce, externalAAD: batch.externalAAD(epoch), key: bytes)
        let readings = (try? CBOR.decode(plain))?.array?.compactMap(\.bytes) ?? []
        guard UInt64(readings.count) == batch.last - batch.first + 1,
            MerkleTree.root(readings.map { MerkleTree.leafHash($0) }) == batch.root
        else { throw LedgerError(.sealing, "the batch does not hold the readings that its root says") }
        return readings
    }
}

/// Where a sealed batch stands in its stream, and what it commits to.
public struct SealedBatch: Sendable, Hashable {
    public let first: UInt64
    public let last: UInt64
    /// RFC 9162 root over the encoded readings. They end in signatures of 64 octets, so nobody who lacks the key can
    /// find a reading by hashing guesses.
    public let root: Hash32

    /// - Throws: ``LedgerError`` with `sealing` when the positions are out of order.
    public init(first: UInt64, last: UInt64, root: Hash32) throws(LedgerError) {
        guard first <= last, last - first < UInt64(Int32.max) else {
            throw LedgerError(.sealing, "a batch's positions are in order")
        }
        self.first = first
        self.last = last
        self.root = root
    }

    var nonce: Bytes {
        root.bytes.prefix(4) + (0..<8).map { UInt8(truncatingIfNeeded: first >> UInt64(56 - 8 * $0)) }
    }

    func externalAAD(_ epoch: StreamEpoch) -> Bytes {
        epoch.encoded("cairn-sealed-batch/1", [.unsigned(first), .unsigned(last), .hash(root)])
    }
}

extension Statement {
    /// The epoch and place of a sealed telemetry batch; nil for every other statement.
    public var sealedBatch: (epoch: StreamEpoch, batch: SealedBatch, body: Bytes)? {
        let arguments = operation.arguments
        guard operation.contract == "telemetry", operation.name == "batch", arguments[text: "sealed"] == .bool(true),
            let stream = arguments[text: "stream"]?.text, let number = arguments[text: "epoch"]?.unsigned,
            let first = arguments[text: "first"]?.unsigned, let last = arguments[text: "last"]?.unsigned,
            let root = arguments[text: "root"]?.hash32, let body = arguments[text: "body"]?.bytes,
            let batch = try? SealedBatch(first: first, last: last, root: root)
        else { return nil }
        return (StreamEpoch(ledger: ledger, gateway: issuer, stream: stream, number: number), batch, body)
    }

    /// The encoded readings of a telemetry batch that is not sealed; nil for every other statement.
    public var plainReadings: [Bytes]? {
        guard operation.contract == "telemetry", operation.name == "batch",
            operation.arguments[text: "sealed"] == .bool(false), let body = operation.arguments[text: "body"]?.bytes
        else { return nil }
        return (try? CBOR.decode(body))?.array?.compactMap(\.bytes)
    }
}
