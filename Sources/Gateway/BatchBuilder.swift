import Ledger

/// A batch with its signature.
struct SignedBatch: Sendable {
    let stream: Int64
    let first: UInt64
    let last: UInt64
    /// Of the key that it is sealed with; 0 for none.
    let epoch: UInt64
    let statement: Statement
}

/// Makes the statement `["telemetry", "batch", …]` of readings (docs/reference/formats.md). Pure but for nonce and
/// signature.
struct BatchBuilder: Sendable {
    let issuer: String
    let ledger: Hash32
    let key: SigningKey
    /// Seconds.
    let validity: UInt64

    /// Octets that a reading takes in the body: its own and the head of its byte string.
    static func cost(_ encoded: Bytes) -> Int { encoded.count + 3 }

    /// Signs readings that follow each other in one stream.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - key: to seal with; nil leaves them in the open.
    /// - Throws: ``GatewayError`` with `batch`.
    func sign(
        _ readings: [PlacedReading], stream name: String, now: UInt64, key: EpochKey?
    ) throws(GatewayError) -> SignedBatch {
        guard let first = readings.first, let last = readings.last else {
            throw GatewayError(.batch, "a batch has at least one reading")
        }
        var encoder = CBOREncoder(capacity: readings.reduce(16) { $0 + Self.cost($1.encoded) })
        encoder.array(readings.count)
        var leaves: [Hash32] = []
        leaves.reserveCapacity(readings.count)
        var (from, to) = (first.earliest, first.latest)
        for reading in readings {
            encoder.bytes(reading.encoded)
            leaves.append(MerkleTree.leafHash(reading.encoded))
            from = min(from, reading.earliest)
            to = max(to, reading.latest)
        }
        let statement = try sign(
            Terms(
                stream: name, first: first.position, last: last.position, from: from, to: to,
                root: MerkleTree.root(leaves)), body: encoder.bytes, now: now, key: key)
        return SignedBatch(
            stream: first.stream, first: first.position, last: last.position, epoch: key?.epoch.number ?? 0,
            statement: statement)
    }

    /// What a batch says beside its body.
    private struct Terms {
        var stream: String
        var first: UInt64
        var last: UInt64
        var from: UInt64
        var to: UInt64
        var root: Hash32
    }

    /// - Parameter body: the encoded list of readings.
    private func sign(_ terms: Terms, body: Bytes, now: UInt64, key: EpochKey?) throws(GatewayError) -> Statement {
        let place: SealedBatch
        do {
            place = try SealedBatch(first: terms.first, last: terms.last, root: terms.root)
        } catch {
            throw GatewayError(.batch, "a batch of \(terms.stream) cannot be made: \(error.message)")
        }
        let operation = Operation(
            "telemetry", "batch",
            [
                ("stream", .text(terms.stream)), ("epoch", .unsigned(key?.epoch.number ?? 0)),
                ("first", .unsigned(terms.first)), ("last", .unsigned(terms.last)), ("from", .unsigned(terms.from)),
                ("to", .unsigned(terms.to)), ("root", .hash(terms.root)),
                ("body", .bytes(key?.seal(body, of: place) ?? body)), ("sealed", .bool(key != nil)),
            ])
        return try sign(operation, stream: terms.stream, now: now)
    }

    /// The statement that a key is in use from now on.
    func openEpoch(_ epoch: StreamEpoch, commitment: Hash32, now: UInt64) throws(GatewayError) -> Statement {
        let operation = Operation(
            "telemetry", "openEpoch",
            [
                ("stream", .text(epoch.stream)), ("epoch", .unsigned(epoch.number)), ("commitment", .hash(commitment)),
            ])
        return try sign(operation, stream: epoch.stream, now: now)
    }

    /// Seals the readings of an earlier statement that has them in the open: their owner withdrew the stream before the
    /// batch was final.
    func seal(again statement: Bytes, key: EpochKey, now: UInt64) throws(GatewayError) -> Statement {
        let earlier = try decode(statement)
        let arguments = earlier.operation.arguments
        guard earlier.plainReadings != nil, let body = arguments[text: "body"]?.bytes,
            let first = arguments[text: "first"]?.unsigned, let last = arguments[text: "last"]?.unsigned,
            let from = arguments[text: "from"]?.unsigned, let to = arguments[text: "to"]?.unsigned,
            let root = arguments[text: "root"]?.hash32
        else { throw GatewayError(.batch, "a stored batch of \(earlier.subject) is not in the open") }
        return try sign(
            Terms(stream: earlier.subject, first: first, last: last, from: from, to: to, root: root), body: body,
            now: now, key: key)
    }

    /// Signs the operation of an earlier statement again: another nonce and end of validity, the same readings.
    func signAgain(_ statement: Bytes, now: UInt64) throws(GatewayError) -> Statement {
        let earlier = try decode(statement)
        return try sign(earlier.operation, stream: earlier.subject, now: now)
    }

    private func decode(_ statement: Bytes) throws(GatewayError) -> Statement {
        do {
            return try Statement(decoding: statement)
        } catch {
            throw GatewayError(.batch, "a stored batch cannot be read: \(error.message)")
        }
    }

    private func sign(_ operation: Operation, stream: String, now: UInt64) throws(GatewayError) -> Statement {
        do {
            return try Statement.sign(
                operation, issuer: issuer, subject: stream, validUntil: now + validity,
                nonce: (0..<16).map { _ in UInt8.random(in: 0...255) }, ledger: ledger, with: key)
        } catch {
            throw GatewayError(.batch, "a batch of \(stream) cannot be signed: \(error.message)")
        }
    }
}
