import APIKit
import Ledger

/// Who may read what others did. Where a use case names roles that read the whole ledger, everybody else reads the records that mention
/// them or what is theirs.
extension Platform {
    /// Whether this visitor may read the whole ledger.
    public func readsLedger(_ session: Session) -> Bool {
        useCase.ledgerReaders.map { !$0.isDisjoint(with: session.roles) } ?? true
    }

    /// The names of which a record must mention one to be for this visitor; nil for one who may read the whole ledger.
    public func ownNames(_ session: Session) throws -> [String]? {
        readsLedger(session) ? nil : try names(of: session)
    }

    /// The visitor's own name and the names of what is theirs, whatever else they may read.
    public func names(of session: Session) throws -> [String] {
        [session.participant] + (try useCase.subjects(of: session.participant, on: self))
    }

    /// Whether the record at a place of the ledger is for this visitor; nobody who is not signed in reads any.
    public func mayRead(height: UInt64, position: Int, _ session: Session?) async throws -> Bool {
        guard let session else { return false }
        guard let names = try ownNames(session) else { return true }
        try await index.waitFor(height: height, of: node)
        return try index.mentions(names, height: height, position: position)
    }

    /// Whether this visitor may read a state value: whoever reads all, the owner of an account, and whom the use case names.
    public func mayRead(stateKey: String, _ session: Session) throws -> Bool {
        let account = stateKey.split(separator: "/")
        if readsLedger(session)
            || account.starts(with: ["wallet", "accounts"]) && account.last == session.participant[...]
        {
            return true
        }
        return try useCase.mayRead(stateKey: stateKey, as: session.participant, on: self)
    }

    /// Answers as if there were no such record to whoever may not read it.
    public func requireReadable(_ id: Hash32, _ session: Session?) async throws {
        guard let place = try node.serving.store.place(of: id), place.height <= node.finalHeight,
            try await mayRead(height: place.height, position: place.position, session)
        else { throw Problem.notFound("transaction \(id) that you may read") }
    }
}
