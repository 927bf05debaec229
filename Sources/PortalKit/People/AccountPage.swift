/// What a signed-in person sees of their own: who vouches for them, their keys, passkeys, and keys for programs.
public struct AccountPage: PortalPage {
    public static let templateName = "account"

    /// A signing key that the ledger knows.
    public struct Key: Sendable {
        let kid: String
        let fromHeight: UInt64
        let isHere: Bool

        /// - Parameter isHere: whether this node signs with a key of the participant.
        public init(kid: String, fromHeight: UInt64, isHere: Bool) {
            self.kid = kid
            self.fromHeight = fromHeight
            self.isHere = isHere
        }
    }

    public struct Passkey: Sendable {
        let id: String
        let name: String
        let since: Moment

        public init(id: String, name: String, since: Moment) {
            self.id = id
            self.name = name
            self.since = since
        }
    }

    /// A key for a program.
    public struct Program: Sendable {
        let id: String
        let name: String
        let scopes: [String]
        let until: Moment

        public init(id: String, name: String, scopes: [String], until: Moment) {
            self.id = id
            self.name = name
            self.scopes = scopes
            self.until = until
        }
    }

    let ledgerID: String
    let signer: String
    let name: String
    let organisation: String
    let roles: [String]
    let attestedBy: String
    let validUntil: Moment?
    let keys: [Key]
    let passkeys: [Passkey]
    let passkeyAddress: String?
    let programs: [Program]
    let scopes: [String]
    let newToken: String?
    let csrfToken: String

    public init(
        ledgerID: String, signer: String, name: String, organisation: String, roles: [String], attestedBy: String,
        validUntil: Moment?, keys: [Key], passkeys: [Passkey], passkeyAddress: String?, programs: [Program],
        scopes: [String], newToken: String?, csrfToken: String
    ) {
        self.ledgerID = ledgerID
        self.signer = signer
        self.name = name
        self.organisation = organisation
        self.roles = roles
        self.attestedBy = attestedBy
        self.validUntil = validUntil
        self.keys = keys
        self.passkeys = passkeys
        self.passkeyAddress = passkeyAddress
        self.programs = programs
        self.scopes = scopes
        self.newToken = newToken
        self.csrfToken = csrfToken
    }

    public var head: PageHead { PageHead(title: "My account", current: "/account") }

    public struct View {
        let name: String
        let isRegistrar: Bool
        let facts: [Fact.View]
        let keys: Table.View
        let passkeys: [DeletableView]
        let passkeyAddress: String?
        let programs: [DeletableView]
        let newToken: String?
        let form: Form.View
        let csrfToken: String
    }

    struct DeletableView {
        let itemID: String
        let itemName: String
        let itemDetail: String
    }

    public func view() -> View {
        View(
            name: name, isRegistrar: roles.contains("registrar"),
            facts: [
                Fact("Participant", signer, href: ExplorerPaths.participant(signer, ledger: ledgerID)),
                Fact("Organisation", organisation), Fact("Roles", roles.joined(separator: ", ")),
                validUntil.map { Fact("Vouched for by \(attestedBy) until", $0) }
                    ?? Fact("Vouched for by", "\(attestedBy), until that is withdrawn"),
            ].map(\.view),
            keys: Table(
                caption: "Signing keys on the ledger",
                columns: [.init("Key"), .init("Valid from block", isNumeric: true), .init("Kept")],
                rows: keys.map {
                    [
                        .code($0.kid, href: nil), .text(String($0.fromHeight)),
                        .text($0.isHere ? "by this node, encrypted" : "by yourself"),
                    ]
                }, empty: .init("No key is valid. Ask two administrators of your organisation to recover one.")
            ).view,
            passkeys: passkeys.map {
                DeletableView(itemID: $0.id, itemName: $0.name, itemDetail: "since \($0.since.text)")
            },
            passkeyAddress: passkeyAddress,
            programs: programs.map {
                DeletableView(
                    itemID: $0.id, itemName: $0.name,
                    itemDetail: "\($0.scopes.joined(separator: ", ")), until \($0.until.text)")
            },
            newToken: newToken,
            form: Form(
                id: "program", title: "Key for a program", action: "/account/api-keys",
                fields: [
                    .init("name", label: "What for", kind: .text(maximumLength: 60)),
                    .init("scope", label: "What it may do", kind: .choice(scopes.map { .init($0, $0) })),
                    .init("days", label: "Days", kind: .number(unit: "days", step: "1"), hint: "1 to 400", value: "90"),
                ], submit: "Make the key", csrfToken: csrfToken
            ).view,
            csrfToken: csrfToken)
    }
}
