import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import NodeClient
import UseCaseKit

/// One aggregator's way to the ledger between microgrids: over HTTP, wherever its node runs.
struct RegionLink: Sendable {
    /// What that ledger has of this aggregator.
    struct View {
        let isRegistered: Bool
        /// Height of the private ledger's head there.
        let anchored: UInt64?
        /// Intervals with a position.
        let positions: Set<UInt64>
        let decisions: [(interval: UInt64, number: UInt64, decision: Decision)]
    }

    let rules: RegionRules
    private let node: NodeConnection
    private let aggregator: String
    private let key: SigningKey
    private let watch: BorderWatch

    /// - Throws: ``ConnectionError`` while the node is away.
    init(to place: LedgerPlace, as aggregator: String, key: SigningKey, watch: BorderWatch) async throws {
        node = try await watch.asking {
            try await NodeConnection(address: place.address, reader: (aggregator, key), http: .impatient)
        }
        rules = try RegionRules(node.genesis.parameters[.text(RegionContract.contractName)]?.map ?? ValueMap())
        self.aggregator = aggregator
        self.key = key
        self.watch = watch
    }

    /// - Parameter start: the first interval that is of interest.
    func view(since start: UInt64) async throws -> View {
        let json = try await watch.asking { try await node.json("\(RegionRoutes.ownPath)?since=\(start)") }
        let decisions = (json["decisions"] as? [[String: Any]] ?? []).compactMap { item in
            (item["decision"] as? String).flatMap(RegionLink.place).flatMap { place in
                Decision(json: item).map { (place.interval, place.number, $0) }
            }
        }
        return View(
            isRegistered: json["registered"] as? Bool ?? false, anchored: (json["anchored"] as? NSNumber)?.uint64Value,
            positions: Set((json["positions"] as? [NSNumber] ?? []).map(\.uint64Value)), decisions: decisions)
    }

    private static func place(_ key: String) -> (interval: UInt64, number: UInt64)? {
        let parts = key.split(separator: "/").compactMap { UInt64($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    /// Signs and submits. Where the answer is lost the next view tells what came of it: none of these operations counts twice.
    ///
    /// - Returns: why the contract refused it; nil once it is final.
    func perform(
        _ name: String, _ arguments: [(String, CBOR)], about subject: String
    ) async throws -> String? {
        let statement = try Statement.sign(
            Ledger.Operation(RegionContract.contractName, name, arguments), issuer: aggregator, subject: subject,
            validUntil: UInt64(Date().timeIntervalSince1970) + 600,
            nonce: (0..<8).map { _ in UInt8.random(in: 0...255) }, ledger: node.ledger, with: key)
        let answer = try await watch.asking { try await node.submit(statement.bytes) }
        if answer.word == "FINAL" { return nil }
        let why = answer.problem.map { "\($0.code): \($0.detail)" } ?? answer.word
        guard answer.status == 422 else {
            throw ConnectionError("\(name) is not recorded: \(why)", status: answer.status)
        }
        return why
    }
}

extension Decision {
    /// As the ledger's interface shows it.
    var json: [String: Any] {
        [
            "seller": seller, "buyer": buyer, "energy": energy, "price": price, "fee": fee,
            "given": given ?? NSNull(), "taken": taken ?? NSNull(), "paid": paid ?? NSNull(),
            "feePaid": feePaid ?? NSNull(),
        ]
    }

    init?(json: [String: Any]) {
        func number(_ name: String) -> UInt64? { (json[name] as? NSNumber)?.uint64Value }
        guard let seller = json["seller"] as? String, let buyer = json["buyer"] as? String,
            let energy = number("energy"), let price = number("price"), let fee = number("fee")
        else { return nil }
        self.init(seller: seller, buyer: buyer, energy: energy, price: price, fee: fee)
        given = number("given")
        taken = number("taken")
        paid = number("paid")
        feePaid = number("feePaid")
    }
}
