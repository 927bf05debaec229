/// Accounts of a participant: what there is, what moved it, what is permitted, and a way to pay.
public struct WalletPage: PortalPage {
    public static let templateName = "wallet"

    public struct Account: Sendable {
        let currency: String
        let isPoints: Bool
        /// Minor units.
        let balance: UInt64
        let held: UInt64
        let frozenBy: String?
        let canThaw: Bool
        let limit: UInt64?
        let leftToday: UInt64?
        let level: Level?
        let history: [Line]

        /// - Parameter history: newest first.
        public init(
            currency: String, isPoints: Bool, balance: UInt64, held: UInt64, frozenBy: String?, canThaw: Bool,
            limit: UInt64?, leftToday: UInt64?, level: Level? = nil, history: [Line]
        ) {
            self.currency = currency
            self.isPoints = isPoints
            self.balance = balance
            self.held = held
            self.frozenBy = frozenBy
            self.canThaw = canThaw
            self.limit = limit
            self.leftToday = leftToday
            self.level = level
            self.history = history
        }
    }

    /// How far a registrar checked who the owner is, and what that opens; nil where there is no limit.
    public struct Level: Sendable {
        let number: UInt64
        let perDay: UInt64?
        let balance: UInt64?
        let leftToday: UInt64?

        public init(number: UInt64, perDay: UInt64?, balance: UInt64?, leftToday: UInt64?) {
            self.number = number
            self.perDay = perDay
            self.balance = balance
            self.leftToday = leftToday
        }
    }

    public struct Line: Sendable {
        let time: Moment
        let kind: String
        let other: String
        let reference: String
        let change: Int64
        let balance: Int64
        let transaction: String?

        public init(
            time: Moment, kind: String, other: String, reference: String, change: Int64, balance: Int64,
            transaction: String?
        ) {
            self.time = time
            self.kind = kind
            self.other = other
            self.reference = reference
            self.change = change
            self.balance = balance
            self.transaction = transaction
        }
    }

    public struct Mandate: Sendable {
        let id: String
        let payee: String
        let perPayment: UInt64
        let perPeriod: UInt64
        let days: UInt64
        let left: UInt64
        let currency: String
        let until: Moment

        public init(
            id: String, payee: String, perPayment: UInt64, perPeriod: UInt64, days: UInt64, left: UInt64,
            currency: String, until: Moment
        ) {
            self.id = id
            self.payee = payee
            self.perPayment = perPayment
            self.perPeriod = perPeriod
            self.days = days
            self.left = left
            self.currency = currency
            self.until = until
        }
    }

    public struct Payee: Sendable {
        let id: String
        let name: String

        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    let owner: String
    let ledgerID: String
    let accounts: [Account]
    let mandates: [Mandate]
    let payees: [Payee]
    let signsHere: Bool
    let signer: String
    let csrfToken: String

    /// - Parameter signsHere: whether the node signs; otherwise the key of the visitor's browser does.
    public init(
        owner: String, ledgerID: String, accounts: [Account], mandates: [Mandate], payees: [Payee], signsHere: Bool,
        signer: String, csrfToken: String
    ) {
        self.owner = owner
        self.ledgerID = ledgerID
        self.accounts = accounts
        self.mandates = mandates
        self.payees = payees
        self.signsHere = signsHere
        self.signer = signer
        self.csrfToken = csrfToken
    }

    public var head: PageHead { PageHead(title: "Wallet", current: "/wallet", isLive: true) }
}
