/// Who calls: a signed-in browser, or a program with a key.
public struct Session: Sendable, Hashable {
    /// The participant whom statements of this session bind: the signer, or the organisation that the signer acts for.
    public let participant: String
    /// The participant who signed in, and who signs.
    public let signer: String
    public let name: String
    public let organisation: String
    public let roles: [String]
    /// Expected back with every form or request that changes something; nil for programs, which no page can make call.
    public let csrfToken: String?
    /// What a program may do; nil for a person, who may do all that the roles allow.
    public let scopes: Set<String>?

    /// Sent in the forms of pages.
    public var formToken: String { csrfToken ?? "" }
}

/// A participant as the ledger knows them at this moment.
public struct Identity: Sendable, Hashable {
    public let participant: String
    public let signer: String
    public let name: String
    public let organisation: String
    public let roles: [String]

    public init(participant: String, signer: String, name: String, organisation: String, roles: [String]) {
        self.participant = participant
        self.signer = signer
        self.name = name
        self.organisation = organisation
        self.roles = roles
    }
}
