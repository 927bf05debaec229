/// Devices, and what somebody has to do about them: commands, claims, new gateways, certificates that end.
public struct DevicesPage: PortalPage {
    public static let templateName = "devices"

    /// Days before the end of a certificate from which it is marked.
    public static let warningDays = 30

    /// A device as the list shows it.
    public struct Device: Sendable {
        let urn: String
        let profile: String
        let owner: String
        let state: String
        let isGood: Bool
        let age: String
        let interval: String

        /// - Parameters:
        ///   - state: a word such as "reporting", "stale", "revoked".
        ///   - age: how long ago the last reading was measured.
        public init(
            urn: String, profile: String, owner: String, state: String, isGood: Bool, age: String, interval: String
        ) {
            self.urn = urn
            self.profile = profile
            self.owner = owner
            self.state = state
            self.isGood = isGood
            self.age = age
            self.interval = interval
        }
    }

    /// Something that waits for a decision, with the form field that names it.
    public struct Decision: Sendable {
        let id: String
        let title: String
        let detail: String

        public init(id: String, title: String, detail: String) {
            self.id = id
            self.title = title
            self.detail = detail
        }
    }

    /// A certificate of the broker side.
    public struct Certificate: Sendable {
        let name: String
        let daysLeft: Int

        public init(name: String, daysLeft: Int) {
            self.name = name
            self.daysLeft = daysLeft
        }
    }

    let ledgerID: String
    let devices: [Device]
    let isRegistrar: Bool
    let ownsDevices: Bool
    let claimed: [Decision]
    let gateways: [Decision]
    let certificates: [Certificate]
    let newClaim: String?
    let csrfToken: String

    /// - Parameters:
    ///   - claimed: devices that came in by a claim and wait for the registrar.
    ///   - gateways: gateways with unknown keys.
    ///   - newClaim: the code that was just made; it is shown once.
    public init(
        ledgerID: String, devices: [Device], isRegistrar: Bool, ownsDevices: Bool, claimed: [Decision],
        gateways: [Decision], certificates: [Certificate], newClaim: String?, csrfToken: String
    ) {
        self.ledgerID = ledgerID
        self.devices = devices
        self.isRegistrar = isRegistrar
        self.ownsDevices = ownsDevices
        self.claimed = claimed
        self.gateways = gateways
        self.certificates = certificates
        self.newClaim = newClaim
        self.csrfToken = csrfToken
    }

    public var head: PageHead { PageHead(title: "Devices", current: "/devices", isLive: true) }

    public struct View {
        let devices: Table.View
        let certificates: Table.View
        let newClaim: String?
        let hasClaimed: Bool
        let claimed: [DecisionView]
        let hasGateways: Bool
        let gateways: [DecisionView]
        let forms: [Form.View]
        let csrfToken: String
    }

    struct DecisionView {
        let decisionID: String
        let decisionTitle: String
        let decisionDetail: String
    }

    public func view() -> View {
        View(
            devices: deviceTable.view, certificates: certificateTable.view, newClaim: newClaim,
            hasClaimed: isRegistrar && !claimed.isEmpty, claimed: claimed.map(Self.decision),
            hasGateways: isRegistrar && !gateways.isEmpty, gateways: gateways.map(Self.decision),
            forms: forms.map(\.view), csrfToken: csrfToken)
    }

    private static func decision(_ decision: Decision) -> DecisionView {
        DecisionView(
            decisionID: decision.id, decisionTitle: decision.title, decisionDetail: decision.detail)
    }

    private var deviceTable: Table {
        Table(
            caption: "Devices",
            columns: [
                .init("Device"), .init("Kind"), .init("Owner"), .init("State"), .init("Age"), .init("Interval"),
            ],
            rows: devices.map {
                [
                    .code($0.urn, href: "\(ExplorerPaths.ledger(ledgerID))/devices/\($0.urn)"), .text($0.profile),
                    .text($0.owner), .mark($0.state, $0.isGood ? .good : .bad), .text($0.age), .text($0.interval),
                ]
            }, empty: .init("No device is enrolled. Make a claim, and give its code to the device."))
    }

    private var certificateTable: Table {
        Table(
            caption: "Certificates at the broker",
            columns: [.init("Name"), .init("Days left", isNumeric: true), .init("State")],
            rows: certificates.map {
                [
                    .text($0.name), .text("\($0.daysLeft)"),
                    $0.daysLeft <= Self.warningDays ? .mark("renew", .bad) : .mark("valid", .good),
                ]
            }, empty: .init("No gateway has told of its certificates yet. It does within a minute of its start."))
    }

    private var forms: [Form] {
        guard ownsDevices else { return [] }
        let device = Form.Field("device", label: "Device", kind: .text(maximumLength: 120))
        return [
            Form(
                id: "interval", title: "Set the sampling interval", action: "/devices/intervals",
                fields: [
                    device, .init("channel", label: "Channel", kind: .text(maximumLength: 64)),
                    .init("seconds", label: "Interval", kind: .number(unit: "s", step: "1")),
                ], submit: "Set the interval", csrfToken: csrfToken),
            Form(
                id: "command", title: "Command a device", action: "/devices/commands",
                fields: [
                    device, .init("name", label: "Command", kind: .text(maximumLength: 64)),
                    .init("arguments", label: "Arguments (JSON)", kind: .text(maximumLength: 1024), value: "{}"),
                    .init("timeout", label: "Time to answer", kind: .number(unit: "s", step: "1"), value: "30"),
                ], submit: "Send the command", csrfToken: csrfToken),
            Form(
                id: "claim", title: "Bring in a device", action: "/devices/claims",
                fields: [
                    .init("profile", label: "Kind of device", kind: .text(maximumLength: 100)),
                    .init("gateway", label: "Gateway", kind: .text(maximumLength: 100)),
                ], submit: "Make a claim code", csrfToken: csrfToken),
            Form(
                id: "rules", title: "Edge rules", action: "/devices/rules",
                fields: [
                    .init("gateway", label: "Gateway", kind: .text(maximumLength: 100)),
                    .init("rules", label: "Rules (JSON)", kind: .text(maximumLength: 16_384)),
                ], submit: "Check and record the rules", csrfToken: csrfToken),
            Form(
                id: "revocation", title: "Revoke a device", action: "/devices/revocations",
                fields: [device, .init("reason", label: "Reason", kind: .text(maximumLength: 140))],
                submit: "Revoke for good", csrfToken: csrfToken),
        ]
    }
}
