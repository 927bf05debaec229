import Foundation
import Ledger

/// What several nodes say of one ledger, each word of theirs verified by signatures of a quorum.
///
/// No node can hide a record alone: the others show a longer ledger, and where two ledgers differ at one height, the signatures show who said what.
public struct HeadComparison: Sendable {
    /// What is known of one node.
    public struct Line: Sendable, Encodable {
        public let node: String
        /// agrees, lags, silent or contradicts.
        public let state: String
        public let height: UInt64?
        /// Of the header at that height, hex.
        public let hash: String?
        /// nil for a node that agrees.
        public let warning: String?
    }

    /// In the order in which the nodes were named.
    public let lines: [Line]

    private struct Head {
        let connection: NodeConnection
        let height: UInt64
        let header: Bytes
    }

    /// Asks nodes for their last final block, and those that are further for theirs at the same height.
    ///
    /// - Parameter tolerance: blocks that a node may be behind, since others write on while it is asked.
    public static func of(
        _ nodes: [String], reader: (participant: String, key: SigningKey)?, tolerance: UInt64
    ) async -> HeadComparison {
        var heads: [(node: String, answer: Result<Head, any Error>)] = []
        for node in nodes {
            do {
                let connection = try await NodeConnection(address: node, reader: reader)
                let height = try await connection.finalHeight()
                let header = try await connection.header(at: height)
                heads.append((node, .success(Head(connection: connection, height: height, header: header))))
            } catch {
                heads.append((node, .failure(error)))
            }
        }
        let answered = heads.compactMap { try? $0.answer.get() }
        guard let furthest = answered.max(by: { $0.height < $1.height }) else {
            return HeadComparison(lines: heads.map { line($0.node, $0.answer, nil, tolerance, nil) })
        }
        var lines: [Line] = []
        for (node, answer) in heads {
            var other: Bytes?
            if let head = try? answer.get(), head.connection.ledger == furthest.connection.ledger {
                other = try? await furthest.connection.header(at: head.height)
            }
            lines.append(line(node, answer, other, tolerance, furthest))
        }
        return HeadComparison(lines: lines)
    }

    private static func line(
        _ node: String, _ answer: Result<Head, any Error>, _ other: Bytes?, _ tolerance: UInt64, _ furthest: Head?
    ) -> Line {
        switch answer {
        case .failure(let error):
            let contradicts = (error as? ConnectionError)?.contradicts ?? false
            return Line(
                node: node, state: contradicts ? "contradicts" : "silent", height: nil, hash: nil,
                warning: contradicts ? "shows what no quorum signed: \(error)" : "does not tell its head: \(error)")
        case .success(let head):
            var state = "agrees"
            var warning: String?
            if head.connection.ledger != furthest?.connection.ledger {
                state = "contradicts"
                warning = "has another ledger, \(head.connection.ledger.hex)"
            } else if other != head.header {
                state = "contradicts"
                warning =
                    "shows another block \(head.height) than \(furthest?.connection.address ?? ""), both signed by a quorum"
            } else if let furthest, furthest.height > head.height + tolerance {
                state = "lags"
                warning =
                    "lags: it stands at block \(head.height), \(furthest.connection.address) at \(furthest.height)"
            }
            return Line(
                node: node, state: state, height: head.height, hash: Hash32.sha256(head.header).hex, warning: warning)
        }
    }
}

extension NodeConnection {
    /// Height of the node's last final block.
    public func finalHeight() async throws -> UInt64 { try await extent().height }

    /// Height of the last final block, and of the first from which on the node keeps all statements.
    func extent() async throws -> (height: UInt64, keptFrom: UInt64) {
        let items = try await json("/api/v1/ledgers")["items"] as? [[String: Any]] ?? []
        guard let own = items.first(where: { $0["id"] as? String == ledger.hex }),
            let height = (own["height"] as? NSNumber)?.uint64Value
        else { throw ConnectionError("the node at \(address) tells no height") }
        return (height, (own["keptFrom"] as? NSNumber)?.uint64Value ?? 0)
    }

    /// The changes of members that the node shows.
    public func memberChanges() async throws -> [MemberHistory.Announcement] {
        try MemberHistory.announcements(
            try CBOR.decode(try await get("/api/v1/ledgers/\(ledger.hex)/members/changes"), limits: .large))
    }

    /// Who signs at each height, followed from genesis on.
    ///
    /// - Throws: ``ConnectionError`` where the node shows a change that no quorum signed.
    public func members() async throws -> MemberHistory {
        let changes = try await memberChanges()
        do {
            return try MemberHistory(genesis, announced: changes)
        } catch {
            throw ConnectionError("\(address) shows members that no quorum signed: \(error)", contradicts: true)
        }
    }

    /// The header of a final block, with the signatures of a quorum verified.
    public func header(at height: UInt64) async throws -> Bytes {
        let block = try await json("/api/v1/ledgers/\(ledger.hex)/blocks/\(height)")
        guard let header = (block["headerBytes"] as? String).flatMap({ Bytes(hex: $0) }),
            let votes = (block["certificate"] as? String).flatMap({ Bytes(hex: $0) })
        else { throw ConnectionError("the node at \(address) does not show block \(height)") }
        guard let decoded = try? BlockHeader(decoding: header), decoded.ledger == ledger, decoded.height == height,
            let certificate = try? FinalityCertificate(decoding: votes),
            case let signers = try await members().members(at: height),
            certificate.validVotes(over: header, in: signers) >= signers.quorum
        else {
            throw ConnectionError(
                "block \(height) of \(address) is not signed by a quorum of the ledger's members", contradicts: true)
        }
        return header
    }
}
