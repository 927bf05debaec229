import ContractKit
import Crypto
import Foundation
import Ledger
import LedgerStore
import Replica

// Each figure stands beside a bound measured in the same run: what the library underneath needs for the part that cannot be avoided.

let count = 20_000
let key = SigningKey.generate()
let ledger = Hash32.sha256([1])
let statements = try (0..<2000).map { index in
    try Statement.sign(
        Ledger.Operation(
            "wallet", "transfer", [("to", "account"), ("amount", .unsigned(UInt64(index + 1))), ("currency", "XPT")]),
        issuer: "payer", subject: "account", validUntil: 2_000_000_000,
        nonce: (0..<8).map { UInt8(index >> ($0 * 4) & 0xFF) },
        ledger: ledger, with: key)
}

// Statement verification against the bare library.
let raw = try Curve25519.Signing.PrivateKey(rawRepresentation: key.rawRepresentation)
let message = statements[0].bytes
let signature = try raw.signature(for: message)
let bare = Stopwatch(name: "swift-crypto Ed25519 verification").measure(count / 4) {
    for _ in 0..<count / 4 { precondition(raw.publicKey.isValidSignature(signature, for: message)) }
}
try Stopwatch(name: "statement decoded and verified").measure(count / 4, per: ("the bare verification", bare)) {
    for index in 0..<count / 4 {
        let isSigned = try Statement(decoding: statements[index % statements.count].bytes).isSigned(
            by: key.verifyingKey)
        precondition(isSigned)
    }
}

// Hashing, the bound of log and tree.
let hashes = (0..<UInt64(count)).map { index in withUnsafeBytes(of: index) { Hash32.sha256($0) } }
let hashing = Stopwatch(name: "SHA-256 of 65 bytes").measure(count * 10) {
    var hash = Hash32.zero
    for index in 0..<count * 10 { hash = Hash32.sha256(prefix: 1, hash, hashes[index % count]) }
    precondition(hash != .zero)
}

/// Tiles in memory.
final class Tiles: TileReader {
    var stored: [TileCoordinate: Bytes] = [:]
    func tile(_ coordinate: TileCoordinate) -> Bytes? { stored[coordinate] }
}
var log = MerkleLog()
Stopwatch(name: "log append").measure(count * 10, per: ("hashing", hashing)) {
    for index in 0..<count * 10 { log.append(hashes[index % count]) }
}
let tiles = Tiles()
for (coordinate, bytes) in log.takeChangedTiles() { tiles.stored[coordinate] = bytes }
let view = LogView(size: log.size, reader: tiles)
try Stopwatch(name: "inclusion proof in a log of \(log.size)").measure(2000) {
    for index in 0..<2000 {
        let path = try view.inclusionPath(of: UInt64(index * 97))
        precondition(path.count > 10)
    }
}

var tree = StateTree()
tree.apply(hashes.map { .init(path: $0, valueHash: $0) })
Stopwatch(name: "state update, batches of 500 among \(count) keys").measure(count * 2, per: ("hashing", hashing)) {
    for batch in 0..<count * 2 / 500 {
        tree.apply(
            (0..<500).map {
                .init(path: hashes[(batch * 500 + $0 * 7) % count], valueHash: hashes[(batch + $0) % count])
            })
    }
}

// Block commit: one durable transaction of SQLite with 500 statements.
let folder = FileManager.default.temporaryDirectory.appending(path: "cairn-benchmark-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
let store = try LedgerStore(path: folder.appending(path: "ledger.sqlite").path)
let header = BlockHeader(
    ledger: ledger, height: 0, epoch: 0, previous: .zero, logSize: 0, logRoot: .zero, stateRoot: .zero,
    resultsRoot: .zero,
    time: 0, nextMembers: .zero, clocks: [])
let blocks = 200
let start = ContinuousClock.now
for height in 0..<UInt64(blocks) {
    var header = header
    header.height = height
    let items = (0..<500).map { index in
        StoredBlock.Item(
            statements[index],
            result: TransactionResult(
                transaction: Hash32.sha256(Bytes("\(height) \(index)".utf8)), rejection: nil, events: []))
    }
    let block = StoredBlock(
        headerBytes: header.encoded(), header: header, timer: nil, items: items, firstLeaf: height * 501)
    try await store.write { writer in
        let cache = StateCache()
        for (position, item) in block.items.enumerated() {
            precondition(writer.claim(item.result.transaction, height: height, position: position))
        }
        try writer.insert(block)
        let changes = (0..<500).map { index -> (key: Bytes, value: Bytes?) in
            (Bytes("wallet/accounts/XPT/account-\(index)".utf8), UInt64(height).cbor.encoded())
        }
        _ = writer.apply(changes, cache: cache)
    }
}
let elapsed = ContinuousClock.now - start
let milliseconds = Double(elapsed.components.seconds) * 1000 + Double(elapsed.components.attoseconds) / 1e15
print(
    "block of 500 statements, durable: \((milliseconds / Double(blocks) * 100).rounded() / 100) ms each, \(Int(milliseconds * 1000 / Double(blocks * 500))) µs a statement"
)
