import APIKit
import ContractKit
import Foundation
import Keys
import Ledger
import PersonalData
import UseCaseKit

/// Keeps and erases personal data, with the ledger's record of each. The holder's organisation signs, not the person, so
/// that no statement says whom a commitment is about.
struct PersonalDesk: Sendable {
    let platform: Platform
    let vault: PersonalVault
    let table: RetentionTable

    /// - Parameter folder: of the node; the vault lies in `personal`, its keys in `keys/personal`.
    init(platform: Platform, folder: URL) throws {
        self.platform = platform
        let own = folder.appending(path: "personal")
        try FileManager.default.createDirectory(
            at: own, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        vault = try PersonalVault(
            path: own.appending(path: "personal.sqlite").path,
            keys: try SecretFolder(folder.appending(path: "keys/personal")))
        table = try RetentionTable.standard()
    }

    /// What the ledger knows of a record; nil while its commitment is not final.
    func record(_ entry: PersonalVault.Entry) throws -> PersonalRecord? {
        try platform.state.get(PersonalContract.records, entry.id)
    }

    /// Keeps fields about the person signed in, in place of what was kept of the same class.
    func keep(_ fields: [PersonalField: String], _ dataClass: String, for session: Session) async throws {
        let content = try PersonalContent(fields)
        let rule = try table.rule(dataClass)
        let holder = session.participant
        guard try platform.keys.key(of: holder) != nil else {
            throw Problem(403, "no-key", "this node does not hold the key of \(holder), who would answer for the data")
        }
        let former = try vault.entries(of: session.signer).filter { $0.reason == nil && $0.dataClass == dataClass }
        let entry = try vault.keep(content, of: session.signer, holder: holder, under: rule, at: platform.now)
        let (_, outcome) = try await platform.perform(
            Ledger.Operation(
                "personal", "commit",
                [
                    ("id", .text(entry.id)), ("commitment", .hash(content.commitment)),
                    ("class", .text(entry.dataClass)), ("purpose", .text(entry.purpose)),
                    ("retainUntil", .unsigned(entry.retainUntil)),
                ]), as: holder, about: entry.id)
        if let refusal = Problem.rejected(outcome) {
            try vault.discard(entry.id)
            throw refusal
        }
        for old in former { try await erase(old, .replaced) }
    }

    /// Erases a record of the person signed in.
    func erase(_ id: String, _ reason: PersonalRecord.Reason, for session: Session) async throws {
        guard let entry = try vault.entries(of: session.signer).first(where: { $0.id == id }) else {
            throw Problem.notFound("record of yours with this id")
        }
        guard reason != .retentionEnded || entry.retainUntil <= platform.now else {
            throw Problem(409, "retention-runs", "the record's time has not ended; choose another reason")
        }
        try await erase(entry, reason)
    }

    /// The data goes first: whatever becomes of the statement, nobody reads it any more.
    private func erase(_ entry: PersonalVault.Entry, _ reason: PersonalRecord.Reason) async throws {
        try vault.erase(entry.id, reason: reason)
        try await tell(entry, entry.reason ?? reason)
    }

    private func tell(_ entry: PersonalVault.Entry, _ reason: PersonalRecord.Reason) async throws {
        guard let record = try record(entry), record.erasure == nil else { return }
        let (_, outcome) = try await platform.perform(
            Ledger.Operation(
                "personal", "erase", [("id", .text(entry.id)), ("reason", .text(reason.rawValue))]),
            as: record.holder, about: entry.id)
        if let refusal = Problem.rejected(outcome) { throw refusal }
    }

    /// Erasures that a stop of the node kept from the ledger.
    func finishErasures() async throws {
        for entry in try vault.erased() {
            if let reason = entry.reason { try await tell(entry, reason) }
        }
    }
}
