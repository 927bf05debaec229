/// The people of an organisation, who may do what, and what waits for a second person.
public struct OrganisationPage: PortalPage {
    public static let templateName = "organisation"

    public struct Person: Sendable {
        let id: String
        let function: String
        let roles: [String]
        let isRevoked: Bool

        public init(id: String, function: String, roles: [String], isRevoked: Bool) {
            self.id = id
            self.function = function
            self.roles = roles
            self.isRevoked = isRevoked
        }
    }

    /// An operation that one person signed and another has to approve.
    public struct Waiting: Sendable {
        let transaction: String
        let operation: String
        let by: String
        let until: Moment
        let isOwn: Bool

        public init(transaction: String, operation: String, by: String, until: Moment, isOwn: Bool) {
            self.transaction = transaction
            self.operation = operation
            self.by = by
            self.until = until
            self.isOwn = isOwn
        }
    }

    let name: String
    let ledgerID: String
    let people: [Person]
    let waiting: [Waiting]
    let approvals: [String]
    let roles: [String]
    let isAdministrator: Bool
    let invitation: String?
    let csrfToken: String

    /// - Parameters:
    ///   - roles: that the organisation can give.
    ///   - invitation: the link that was just made.
    public init(
        name: String, ledgerID: String, people: [Person], waiting: [Waiting], approvals: [String], roles: [String],
        isAdministrator: Bool, invitation: String?, csrfToken: String
    ) {
        self.name = name
        self.ledgerID = ledgerID
        self.people = people
        self.waiting = waiting
        self.approvals = approvals
        self.roles = roles
        self.isAdministrator = isAdministrator
        self.invitation = invitation
        self.csrfToken = csrfToken
    }

    public var head: PageHead { PageHead(title: "People of \(name)", current: "/organisation") }

    public struct View {
        let name: String
        let people: Table.View
        let hasWaiting: Bool
        let waiting: [WaitingView]
        let approvals: String?
        let isAdministrator: Bool
        let invitation: String?
        let form: Form.View
        let revoke: Form.View?
        let twoPersons: Form.View
        let csrfToken: String
    }

    struct WaitingView {
        let transaction: String
        let transactionLink: String
        let operation: String
        let askedBy: String
        let waitsUntil: String
        let canApprove: Bool
    }

    public func view() -> View {
        let current = people.filter { !$0.isRevoked }
        return View(
            name: name,
            people: Table(
                caption: "Who acts for \(name)",
                columns: [.init("Person"), .init("Does"), .init("Roles"), .init("State")],
                rows: people.map {
                    [
                        .link($0.id, href: ExplorerPaths.participant($0.id, ledger: ledgerID)), .text($0.function),
                        .text($0.roles.joined(separator: ", ")),
                        $0.isRevoked ? .mark("revoked", .bad) : .mark("active", .good),
                    ]
                },
                empty: .init("Nobody but the organisation's own key. Invite people, so that each signs for themselves.")
            ).view,
            hasWaiting: !waiting.isEmpty,
            waiting: waiting.map {
                WaitingView(
                    transaction: $0.transaction,
                    transactionLink: ExplorerPaths.transaction($0.transaction, ledger: ledgerID),
                    operation: $0.operation, askedBy: $0.by, waitsUntil: $0.until.text, canApprove: !$0.isOwn)
            },
            approvals: approvals.isEmpty ? nil : approvals.joined(separator: ", "), isAdministrator: isAdministrator,
            invitation: invitation,
            form: Form(
                id: "invite", title: "Invite a person", action: "/organisation/invitations",
                fields: [
                    .init(
                        "id", label: "Name on the ledger", kind: .text(maximumLength: 100),
                        hint:
                            "Not a person's name: everybody on the ledger sees it, for ever. For example farm-clerk-2."),
                    .init("function", label: "What they do", kind: .text(maximumLength: 200)),
                    .init("role", label: "Role", kind: .choice(roles.map { .init($0, $0) })),
                ], submit: "Make an invitation", csrfToken: csrfToken
            ).view,
            revoke: current.isEmpty
                ? nil
                : Form(
                    id: "revoke", title: "Take a person's rights away", action: "/organisation/revocations",
                    fields: [.init("id", label: "Person", kind: .choice(current.map { .init($0.id, $0.id) }))],
                    submit: "Revoke", csrfToken: csrfToken
                ).view,
            twoPersons: Form(
                id: "two-persons", title: "Operations that take two persons", action: "/organisation/two-persons",
                fields: [
                    .init(
                        "operations", label: "Operations", kind: .text(maximumLength: 1000),
                        hint: "As contract.operation, with commas between, for example wallet.transfer",
                        value: approvals.joined(separator: ", "), isRequired: false)
                ], submit: "Save the list", csrfToken: csrfToken
            ).view,
            csrfToken: csrfToken)
    }
}

/// Where an invited person makes a key that never leaves the browser.
public struct JoinPage: PortalPage {
    public static let templateName = "join"

    let token: String
    let id: String
    let function: String
    let organisation: String
    let isFromOutside: Bool
    let ledgerID: String

    /// - Parameter isFromOutside: whether the person will be a participant of their own, whom a registrar approves.
    public init(
        token: String, id: String, function: String, organisation: String, isFromOutside: Bool, ledgerID: String
    ) {
        self.token = token
        self.id = id
        self.function = function
        self.organisation = organisation
        self.isFromOutside = isFromOutside
        self.ledgerID = ledgerID
    }

    public var head: PageHead {
        PageHead(title: isFromOutside ? "Claim your enrolment" : "Join \(organisation)", width: .reading)
    }

    public struct View {
        let token: String
        let personID: String
        let function: String
        let organisation: String
        let isFromOutside: Bool
        let ledgerID: String
    }

    public func view() -> View {
        View(
            token: token, personID: id, function: function, organisation: organisation, isFromOutside: isFromOutside,
            ledgerID: ledgerID)
    }
}
