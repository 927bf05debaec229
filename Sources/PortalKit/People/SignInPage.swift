/// Ways in: a passkey, a key in this browser, or a link.
public struct SignInPage: PortalPage {
    public static let templateName = "sign-in"

    let ledgerID: String
    let passkeyAddress: String?

    /// - Parameter passkeyAddress: where passkeys work, if not at the address that this page was opened at.
    public init(ledgerID: String, passkeyAddress: String?) {
        self.ledgerID = ledgerID
        self.passkeyAddress = passkeyAddress
    }

    public var head: PageHead {
        PageHead(title: "Sign in", summary: "With a passkey, a key in this browser, or a link.", width: .reading)
    }

    public struct View {
        let ledgerID: String
        let passkeyAddress: String?
    }

    public func view() -> View { View(ledgerID: ledgerID, passkeyAddress: passkeyAddress) }
}
