import APIKit
import Foundation
import Ledger
import Replica

/// SCITT reference API and the C2SP static log.
extension LedgerAPI {
    var scittRoutes: [Route] {
        [
            Route(
                .get, "/entries/{id}", "A registered statement with a receipt of each member (SCITT)", tag: "scitt",
                parameters: [Self.idParameter], produces: "application/cose",
                problems: [404: "not-found", 410: "not-kept"]
            ) { request in
                let id = try self.transactionID(request)
                try await self.platform.requireReadable(id, request.session)
                guard let record = try self.node.record(of: id), let receipts = try await self.node.receipts(for: id)
                else {
                    throw Problem.notFound("accepted statement \(id)")
                }
                let statement = try record.item.decoded()
                return .bytes(statement.transparent(with: receipts), "application/cose")
            }.answeringEveryoneWithTheirOwn(),
            Route(
                .get, "/.well-known/scitt-keys", "The members' keys as a COSE_KeySet, with their kid (SCITT)",
                tag: "scitt", access: .anyone, produces: "application/cbor"
            ) { _ in
                var keys: [CBOR] = []
                for member in self.node.members.current.members {
                    let members = try CBOR.decode(member.key.coseKey).map?.entries ?? []
                    let pairs = members.map { ($0.key, $0.value) } + [(CBOR(2), CBOR.hash(member.key.kid))]
                    keys.append(.map(CBORMap(pairs)))
                }
                return .bytes(CBOR.array(keys).encoded(), "application/cbor")
            },
        ]
    }

    var logRoutes: [Route] {
        [
            Route(
                .get, "/log/{ledger}/checkpoint", "Signed and cosigned tree head (C2SP tlog-checkpoint)", tag: "log",
                access: .anyone, parameters: [Self.ledgerParameter], produces: "text/plain"
            ) { request in
                try self.requireLedger(request)
                return .text(try await self.node.checkpoint())
            },
            Route(
                .get, "/log/{ledger}/vkeys", "Verifier keys of the checkpoint, one a line (C2SP signed-note)",
                tag: "log", access: .anyone, parameters: [Self.ledgerParameter], produces: "text/plain"
            ) { request in
                try self.requireLedger(request)
                let keys = Checkpoint.verifierKeys(
                    ledger: self.node.ledger, server: self.node.serving.member.id, members: self.node.members.current)
                return .text(keys.joined(separator: "\n") + "\n")
            },
            Route(
                .get, "/log/{ledger}/tile/**",
                "Hash tiles; for readers of the whole ledger, entry bundles too (C2SP tlog-tiles)",
                tag: "log", access: .anyone, parameters: [Self.ledgerParameter], produces: "application/octet-stream",
                problems: [401: "sign-in-needed", 403: "not-yours", 404: "not-found", 410: "not-kept"]
            ) { request in
                try self.requireLedger(request)
                guard let path = request.path.split(separator: "/tile/", maxSplits: 1).last,
                    let tile = TilePath(String(path))
                else { throw Problem.badRequest("a tile is LEVEL/INDEX[.p/WIDTH] or entries/INDEX[.p/WIDTH]") }
                // Hashes show that the log only grew; what was written is for those who may read all of it.
                if tile.level == nil {
                    guard let session = request.session else { throw Problem.signInNeeded }
                    guard self.platform.readsLedger(session) else {
                        throw Problem(
                            403, "not-yours", "an entry bundle holds what others wrote; fetch your own records")
                    }
                }
                return .bytes(try self.tile(tile), "application/octet-stream")
            },
        ]
    }

    private func tile(_ path: TilePath) throws -> Bytes {
        let store = node.serving.store
        guard let level = path.level else { return try entries(path) }
        guard let hashes = try store.tile(TileCoordinate(level: level, index: path.index)),
            hashes.count >= path.width * 32
        else { throw Problem.notFound("tile of this width yet") }
        return Bytes(hashes.prefix(path.width * 32))
    }

    /// Leaves with a 16-bit length before each (C2SP tlog-tiles, log entries).
    private func entries(_ path: TilePath) throws -> Bytes {
        var index = path.index * TileCoordinate.width
        let end = index + UInt64(path.width)
        var bundle = Bytes()
        while index < end {
            guard let block = try node.serving.store.block(holdingLeaf: index), block.header.height <= node.finalHeight
            else { throw Problem.notFound("entry bundle of this width yet") }
            let leaves = try block.leaves().dropFirst(Int(index - block.firstLeaf)).prefix(Int(end - index))
            guard !leaves.isEmpty else { throw Problem.notFound("entry bundle of this width yet") }
            for leaf in leaves { bundle += [UInt8(leaf.count >> 8), UInt8(leaf.count & 0xFF)] + leaf }
            index += UInt64(leaves.count)
        }
        return bundle
    }
}

/// The path of a tile: `<L>/<N>[.p/<W>]` with N in groups of three digits, all but the last prefixed with x.
struct TilePath: Hashable {
    /// Larger than any log, and far from where its leaves could not be counted in 63 bits.
    private static let maximumIndex: UInt64 = 1 << 48

    /// nil for an entry bundle.
    let level: Int?
    let index: UInt64
    /// Hashes or entries asked for, 1 to 256.
    let width: Int

    init?(_ path: String) {
        var parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 2 else { return nil }
        let first = parts.removeFirst()
        if first == "entries" {
            level = nil
        } else {
            guard let number = Int(first), (0...7).contains(number) else { return nil }
            level = number
        }
        var width = 256
        if parts.count >= 2, parts[parts.count - 2].hasSuffix(".p") {
            guard let partial = Int(parts.removeLast()), (1...255).contains(partial) else { return nil }
            width = partial
            parts[parts.count - 1].removeLast(2)
        }
        var index: UInt64 = 0
        for (place, part) in parts.enumerated() {
            let isLast = place == parts.count - 1
            let digits = isLast ? part[...] : part.dropFirst()
            guard digits.count == 3, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                isLast || part.hasPrefix("x"), let group = UInt64(digits), index < Self.maximumIndex / 1000
            else { return nil }
            index = index * 1000 + group
        }
        self.index = index
        self.width = width
    }
}
