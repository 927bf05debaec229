import APIKit
import ChattelMortgageContract
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import Replica
import UseCaseKit

/// The proof of the order: a file from which a bank checks alone what a receipt stands on.
///
/// It holds the records of the receipt and its lot (declaration, inspection, measurement, issue), the receipt's and the
/// lot's state, and what lies under the receipt among the pledges: the loan, or the proof that there is none at the height.
struct OrderProof: Sendable {
    /// Records of one receipt that a file takes, the latest first.
    private static let maximumRecords = 200

    /// Applications with their status reports that a file takes.
    private static let maximumReports = 5

    let platform: Platform

    var route: Route {
        Route(
            .get, "/api/v1/evidence/receipt", "The proof of the order: a receipt with its records and state",
            tag: ChattelRoutes.tag,
            parameters: [
                .init("number", in: .query, "The receipt's number", .pattern("[!-.0-~]{1,60}"), isRequired: true)
            ], produces: EvidenceBundle.contentType, problems: [404: "not-found"]
        ) { request in
            guard let session = request.session else { throw Problem.signInNeeded }
            guard let number = request.query["number"],
                let receipt = try platform.state.get(ChattelContract.receipts, number),
                try mayRead(number, receipt, session.participant)
            else { throw Problem.notFound("receipt of yours with this number") }
            return .bytes(try await evidence(number, receipt).encoded(), EvidenceBundle.contentType)
        }
    }

    /// Its parties, who watches it, and a bank as long as the enterprise consents.
    func mayRead(_ number: String, _ receipt: WarehouseReceipt, _ reader: String) throws -> Bool {
        let monitor = try platform.state.get(ChattelContract.sites, receipt.site)?.monitor
        if [receipt.title.beneficiary, receipt.title.holder, monitor].contains(reader) { return true }
        return try platform.state.scan(ChattelContract.applications, limit: ChattelRoutes.limit).contains {
            $0.value.bank == reader && $0.value.receipts.contains(number)
                && ($0.value.consentUntil ?? 0) > platform.now
        }
    }

    private func evidence(_ number: String, _ receipt: WarehouseReceipt) async throws -> EvidenceBundle {
        let records = try platform.index.records(
            mentioning: ["receipt:\(number)", "lot:\(receipt.lot)"], limit: Self.maximumRecords)
        var ids = records.filter { $0.rejection == nil }.map(\.id)
        if !ids.contains(receipt.evidence) { ids.append(receipt.evidence) }
        let applications = try platform.state.scan(ChattelContract.applications, limit: 5000)
            .filter { $0.value.receipts.contains(number) && $0.value.report != nil }.suffix(Self.maximumReports)
        return try await platform.node.evidence(
            for: ids, readings: [],
            stateKeys: [
                ChattelContract.receipts.key(number), ChattelContract.pledges.key(number),
                ChattelContract.lots.key(receipt.lot),
            ] + applications.map { ChattelContract.applications.key($0.key) },
            notes: [
                ("Receipt", number), ("Lot", receipt.lot), ("Ledger", platform.node.genesis.name),
            ])
    }
}
