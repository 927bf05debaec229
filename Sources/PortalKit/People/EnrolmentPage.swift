/// The registrar's page: who takes part, who has claimed an enrolment, and a way to invite.
public struct EnrolmentPage: PortalPage {
    public static let templateName = "enrolment"
    public static let path = "/participants"

    public struct Person: Sendable {
        let id: String
        let name: String
        let member: String
        let roles: [String]
        let attestedBy: String
        let isVouchedFor: Bool

        public init(
            id: String, name: String, member: String, roles: [String], attestedBy: String, isVouchedFor: Bool
        ) {
            self.id = id
            self.name = name
            self.member = member
            self.roles = roles
            self.attestedBy = attestedBy
            self.isVouchedFor = isVouchedFor
        }
    }

    /// Somebody who has shown a key.
    public struct Claim: Sendable {
        let id: String
        let name: String
        let roles: [String]
        let kid: String

        public init(id: String, name: String, roles: [String], kid: String) {
            self.id = id
            self.name = name
            self.roles = roles
            self.kid = kid
        }
    }

    public struct Member: Sendable {
        let id: String
        let name: String

        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    let ledgerID: String
    let people: [Person]
    let claims: [Claim]
    let roles: [String]
    let members: [Member]
    let invitation: String?
    let csrfToken: String

    /// - Parameter invitation: the link that was just made; it is shown once.
    public init(
        ledgerID: String, people: [Person], claims: [Claim], roles: [String], members: [Member], invitation: String?,
        csrfToken: String
    ) {
        self.ledgerID = ledgerID
        self.people = people
        self.claims = claims
        self.roles = roles
        self.members = members
        self.invitation = invitation
        self.csrfToken = csrfToken
    }

    public var head: PageHead { PageHead(title: "Participants", current: Self.path) }

    public struct View {
        let people: Table.View
        let invitation: String?
        let hasClaims: Bool
        let claims: [ClaimView]
        let form: Form.View
        let csrfToken: String
    }

    struct ClaimView {
        let claimID: String
        let claimName: String
        let claimRoles: String
        let claimKid: String
    }

    public func view() -> View {
        View(
            people: Table(
                caption: "Who takes part",
                columns: [
                    .init("Participant"), .init("Name"), .init("Member"), .init("Roles"), .init("Vouched for by"),
                ],
                rows: people.map {
                    [
                        .link($0.id, href: ExplorerPaths.participant($0.id, ledger: ledgerID)), .text($0.name),
                        .text($0.member), .text($0.roles.joined(separator: ", ")),
                        $0.isVouchedFor ? .text($0.attestedBy) : .mark("nobody any more", .bad),
                    ]
                }, empty: .init("Nobody yet.")
            ).view, invitation: invitation, hasClaims: !claims.isEmpty,
            claims: claims.map {
                ClaimView(
                    claimID: $0.id, claimName: $0.name, claimRoles: $0.roles.joined(separator: ", "), claimKid: $0.kid)
            },
            form: Form(
                id: "invite", title: "Invite a participant", action: "\(Self.path)/invitations",
                fields: [
                    .init(
                        "id", label: "Id", kind: .text(maximumLength: 100),
                        hint: "Everybody on the ledger sees it, for ever. For a person leave it empty: one is made up.",
                        isRequired: false),
                    .init(
                        "name", label: "Name", kind: .text(maximumLength: 200),
                        hint: "As others shall read it: an organisation, or a function, not a person's name."),
                    .init("role", label: "Role", kind: .choice(roles.map { .init($0, $0) })),
                    .init("member", label: "Member", kind: .choice(members.map { .init($0.id, $0.name) })),
                ], submit: "Make a one-time code", csrfToken: csrfToken
            ).view, csrfToken: csrfToken)
    }
}
