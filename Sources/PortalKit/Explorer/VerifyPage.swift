/// The page on which a visitor checks a bundle of his own in the browser.
public struct VerifyPage: PortalPage {
    public static let templateName = "verify"

    let ledgers: [(name: String, id: String)]

    /// The verify page; `ledgers` are this node's, offered to compare a bundle's ledger id with.
    public init(ledgers: [(name: String, id: String)]) {
        self.ledgers = ledgers
    }

    public var head: PageHead {
        PageHead(
            title: "Verify", summary: "Check an evidence bundle in your own browser.", width: .reading,
            current: ExplorerPaths.verify)
    }

    public struct View {
        let ledgers: [LedgerView]
    }

    struct LedgerView {
        let ledgerName: String
        let ledgerID: String
    }

    public func view() -> View {
        View(ledgers: ledgers.map { LedgerView(ledgerName: $0.name, ledgerID: $0.id) })
    }
}
