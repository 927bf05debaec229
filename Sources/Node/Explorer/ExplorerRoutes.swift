import APIKit
import ContractKit
import Foundation
import Ledger
import LedgerStore
import PortalKit
import ProjectionKit
import Replica
import UseCaseKit

/// The explorer's pages: whoever takes part can look up what is on a ledger; anybody can verify what they were given.
struct ExplorerRoutes: Sendable {
    let platform: Platform
    /// Ways in, of this consortium and of those beside it.
    let doors: @Sendable () -> [StartPage.Section]

    private static let rows = 25

    private var node: LedgerNode { platform.node }
    private var ledger: String { platform.node.ledger.hex }

    var routes: [Route] {
        [
            page("/", "Start page", access: .anyone) { request in
                StartPage(
                    sections: doors(),
                    ledgers: request.session == nil
                        ? [] : [.init(title: node.genesis.name, href: ExplorerPaths.ledger(ledger))])
            },
            page("/verify", "Verify a bundle in the browser", access: .anyone) { _ in
                VerifyPage(ledgers: [(node.genesis.name, ledger)])
            },
            page("/ledgers/{ledger}", "Ledger") { try ledgerPage($0) },
            page("/ledgers/{ledger}/blocks/{height}", "Block") { try blockPage($0) },
            page("/ledgers/{ledger}/transactions/{id}", "Transaction") { try await transactionPage($0) }
                .answeringEveryoneWithTheirOwn(),
            page("/ledgers/{ledger}/participants/{id}", "Participant") { try participantPage($0) },
            page("/ledgers/{ledger}/devices/{urn}", "Device") { try devicePage($0) }.answeringEveryoneWithTheirOwn(),
            asset,
        ]
    }

    private func page<P: PortalPage>(
        _ path: String, _ summary: String, access: Route.Access = .signedIn,
        _ model: @escaping @Sendable (APIRequest) async throws -> P
    ) -> Route {
        Route(.get, path, summary, tag: "explorer", access: access, produces: "text/html") { request in
            if let id = request.parameters["ledger"], id != ledger { throw Problem.notFound("ledger \(id)") }
            return try platform.page(try await model(request), request.session)
        }
    }

    private var asset: Route { Self.asset(of: platform.portal) }

    /// What the pages of a portal load.
    static func asset(of portal: Portal) -> Route {
        Route(
            .get, "/assets/{name}", "Scripts, styles and the verifier in one file", tag: "explorer", access: .anyone,
            parameters: [.init("name", in: .path, "File name")], produces: "application/octet-stream",
            problems: [404: "not-found"]
        ) { request in
            let name = try request.parameter("name")
            guard let asset = portal.asset(named: name) else { throw Problem.notFound("asset \(name)") }
            var headers = [(name: "ETag", value: asset.etag), (name: "Cache-Control", value: "no-cache")]
            if request.headers["if-none-match"] == asset.etag {
                return APIResponse(status: 304, contentType: asset.contentType, headers: headers, body: .bytes([]))
            }
            if let download = asset.downloadName {
                headers.append(("Content-Disposition", "attachment; filename=\"\(download)\""))
            }
            return APIResponse(contentType: asset.contentType, headers: headers, body: .bytes(asset.bytes))
        }
    }

    // MARK: Models

    private func ledgerPage(_ request: APIRequest) throws -> LedgerPage {
        let members = node.members.current
        let height = node.finalHeight
        let first = height >= 20 ? height - 19 : 0
        let blocks = try node.serving.store.blocks(from: first, limit: 20).filter { $0.header.height <= height }
        guard let head = blocks.last else { throw Problem.notFound("block") }
        var lastVotes: [String: UInt64] = [:]
        for block in blocks { for name in try votes(block) { lastVotes[name] = block.header.height } }
        return LedgerPage(
            name: node.genesis.name, ledgerID: ledger, height: height, logSize: head.header.logSize + 1,
            headTime: Moment(milliseconds: Int64(head.header.time)), quorum: members.quorum,
            survivesLying: members.liarsSurvived, survivesSilent: members.silentSurvived,
            members: node.memberNames.map {
                .init(id: $0.id, name: $0.name, lastVote: lastVotes[$0.name])
            },
            blocks: try blocks.reversed().map { block in
                LedgerPage.BlockLine(
                    height: block.header.height, time: Moment(milliseconds: Int64(block.header.time)),
                    accepted: block.items.count { $0.result.rejection == nil },
                    rejected: block.items.count { $0.result.rejection != nil }, votes: try votes(block).count,
                    hash: Hash32.sha256(block.headerBytes).hex)
            },
            contradictions: try node.contradictions().map { found in
                (node.memberName(found.member), found.height)
            }, trouble: node.trouble, resolutions: node.serving.resolutions.map { words(for: $0) })
    }

    private func words(for resolution: Resolution) -> String {
        let signers = node.members.members(at: resolution.matter.height)
        let names = resolution.votes.compactMap { signers.member(kid: $0.kid).map { node.memberName($0.id) } }
        switch resolution.matter {
        case .order(let epoch, let after, _):
            return
                "After block \(after) order was lost and begun anew, for the \(epoch). time: \(names.sorted().joined(separator: ", ")) signed that."
        case .rejection(let statement, let height):
            return
                "Statement \(statement.hex) stopped the members' nodes in block \(height) and is refused: \(names.sorted().joined(separator: ", ")) signed that."
        }
    }

    /// Names of the members whose signatures make a block final.
    private func votes(_ block: StoredBlock) throws -> [String] {
        let certificate = try FinalityCertificate(decoding: node.certificate(at: block.header.height))
        let signers = node.members.members(at: block.header.height)
        return certificate.votes.compactMap { vote in
            signers.member(kid: vote.kid).map { node.memberName($0.id) }
        }
    }

    private func blockPage(_ request: APIRequest) throws -> BlockPage {
        guard let height = UInt64(try request.parameter("height")), height <= node.finalHeight,
            let block = try node.serving.store.block(at: height)
        else { throw Problem.notFound("block of this height") }
        let header = block.header
        return BlockPage(
            ledgerName: node.genesis.name, ledgerID: ledger, height: height,
            time: Moment(milliseconds: Int64(header.time)), hash: Hash32.sha256(block.headerBytes).hex,
            previousHash: header.previous.hex, logSize: header.logSize, logRoot: header.logRoot.hex,
            stateRoot: header.stateRoot.hex, resultsRoot: header.resultsRoot.hex, voters: try votes(block),
            quorum: node.members.members(at: height).quorum,
            transactions: try block.items.map { item in
                guard item.statement != nil else {
                    return .init(
                        id: item.result.transaction.hex, operation: "not kept by this member", subject: "", signer: "",
                        isAccepted: item.result.rejection == nil)
                }
                let statement = try item.decoded()
                return .init(
                    id: statement.id.hex, operation: "\(statement.operation.contract) · \(statement.operation.name)",
                    subject: statement.subject, signer: platform.name(of: statement.issuer),
                    isAccepted: item.result.rejection == nil)
            }, hasNext: height < node.finalHeight)
    }

    private func transactionPage(_ request: APIRequest) async throws -> TransactionPage {
        guard let id = Hash32(hex: try request.parameter("id")) else {
            throw Problem.notFound("transaction with this id")
        }
        try await platform.requireReadable(id, request.session)
        guard let place = try node.serving.store.place(of: id),
            let block = try node.serving.store.block(at: place.height)
        else { throw Problem.notFound("transaction with this id") }
        let item = block.items[place.position]
        let statement = try item.decoded()
        let sender = try platform.state.get(MembershipContract.participants, statement.issuer)
        let leaf = block.leafIndex(of: place.position)
        return TransactionPage(
            ledgerName: node.genesis.name, ledgerID: ledger, id: id.hex,
            mark: item.result.rejection == nil ? .final : .rejected,
            position: .init(height: place.height, time: Moment(milliseconds: Int64(block.header.time))),
            contract: statement.operation.contract, operation: statement.operation.name, subject: statement.subject,
            arguments: statement.operation.arguments.entries.map {
                Fact(CBORText.line($0.key), CBORText.line($0.value), style: $0.value.bytes == nil ? .plain : .code)
            },
            signer: .init(
                id: statement.issuer, name: sender?.name ?? statement.issuer,
                role: sender?.roles.joined(separator: ", ") ?? "", organisation: node.memberName(sender?.member ?? ""),
                vouchedBy: sender.map { platform.name(of: $0.attestedBy) }, kid: statement.kid.hex),
            refusal: item.result.rejection.map { "\($0.message) (\($0.contract) \($0.code))" },
            events: item.result.events.map { Fact($0.name, "\($0.subject) \(CBORText.line(.map($0.details)))") },
            receipts: leaf.map { leaf in
                node.replicas.map {
                    .init(member: node.memberName($0.member.id), treeSize: block.header.logSize, leafIndex: leaf)
                }
            } ?? [],
            evidenceURL: leaf == nil ? nil : "/api/v1/transactions/\(id.hex)/evidence",
            historyURL: "/sequence?about=\(encoded(statement.subject))")
    }

    private func participantPage(_ request: APIRequest) throws -> ParticipantPage {
        let id = try request.parameter("id")
        guard let person = try platform.state.get(MembershipContract.participants, id) else {
            throw Problem.notFound("participant \(id)")
        }
        let keys = try platform.state.scan(MembershipContract.keys, limit: 10_000).filter { $0.value.owner == id }
        return ParticipantPage(
            ledgerName: node.genesis.name, ledgerID: ledger, id: id, name: person.name,
            organisation: node.memberName(person.member), roles: person.roles,
            vouchedBy: person.attestedBy == "genesis"
                ? "the members, in the ledger's first record" : platform.name(of: person.attestedBy),
            validUntil: person.validUntil.map { Moment(milliseconds: Int64($0)) }, isRevoked: person.revokedAt != nil,
            keys: keys.map { kid, key in
                .init(
                    kid: kid,
                    algorithm: (try? VerifyingKey(coseKey: key.coseKey))?.algorithm == .es256 ? "ES256" : "Ed25519",
                    from: key.from, until: key.until)
            },
            statements: try platform.index.latest(issuer: id, limit: Self.rows).map {
                .init(
                    id: $0.id.hex, time: Moment(milliseconds: Int64($0.time)),
                    operation: "\($0.contract) · \($0.operation)", subject: $0.subject)
            })
    }

    private func devicePage(_ request: APIRequest) throws -> DevicePage {
        let urn = try request.parameter("urn")
        let session = try request.requireSession()
        let own = try platform.ownNames(session)
        guard let device = try platform.state.get(MembershipContract.devices, urn),
            own == nil || [device.owner, device.gateway, device.attestedBy].contains(session.participant)
        else { throw Problem.notFound("device \(urn) that you may see") }
        let readings = try platform.readings(for: request.session)
        let latest = try readings.latestReadings(device: urn)
        let batches = try platform.index.latest(
            contract: "telemetry", issuer: device.gateway, own: own, limit: Self.rows)
        return DevicePage(
            ledgerName: node.genesis.name, ledgerID: ledger, urn: urn,
            kind: device.profile.replacing("-", with: " "), ownerID: device.owner,
            ownerName: platform.name(of: device.owner), gateway: platform.name(of: device.gateway),
            vouchedBy: platform.name(of: device.attestedBy), kid: device.kid.hex, generation: device.generation,
            isRevoked: device.revokedAt != nil,
            readings: latest.map {
                .init(
                    channel: $0.quantity, value: $0.value, unit: $0.unit, time: Moment(milliseconds: Int64($0.time)),
                    finding: QualityWords.finding($0.quality))
            },
            charts: try latest.prefix(3).map { reading in
                LineChart(
                    title: reading.quantity, unit: reading.unit,
                    series: [
                        .init(
                            name: reading.quantity, source: "readings signed by \(urn)",
                            points: try readings.readings(device: urn, quantity: reading.quantity).map {
                                .init(Moment(milliseconds: Int64($0.time)), $0.value)
                            })
                    ])
            },
            batches: try batches.compactMap { record in
                let arguments = try platform.statement(of: record).operation.arguments
                guard let first = arguments["first"]?.unsigned, let last = arguments["last"]?.unsigned,
                    let from = arguments["from"]?.unsigned, let to = arguments["to"]?.unsigned
                else { return nil }
                return .init(
                    transactionID: record.id.hex, first: first, last: last, from: Moment(milliseconds: Int64(from)),
                    to: Moment(milliseconds: Int64(to)), isSealed: arguments["sealed"] == .bool(true))
            })
    }

    private func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

/// What a gateway found about a reading, in words.
enum QualityWords {
    private static let words = [
        "out of range", "frozen", "clock differs", "messages missing before", "changed too fast",
        "calibration is too old", "out of order", "no value",
    ]

    static func finding(_ quality: UInt64) -> String? {
        let found = words.indices.filter { quality & (1 << UInt64($0)) != 0 }.map { words[$0] }
        return found.isEmpty ? nil : found.joined(separator: ", ")
    }
}
