import Foundation

extension WalletPage {
    public struct View {
        let accounts: [AccountView]
        let isEmpty: Bool
        let mandates: [MandateView]
        let hasMandates: Bool
        let pay: Form.View?
        let mandate: Form.View?
        let limit: Form.View?
        let signsHere: Bool
        let ledgerID: String
        let owner: String
        let signer: String
        let csrfToken: String
    }

    struct AccountView {
        let currency: String
        let balanceText: String
        let facts: [Fact.View]
        let notTender: Bool
        let history: Table.View
        let statementLink: String
        let freezeWord: String?
        let freezeValue: String
    }

    struct MandateView {
        let mandateID: String
        let mandateText: String
    }

    public func view() -> View {
        let currencies = accounts.map { Form.Choice($0.currency, $0.currency) }
        let payees = payees.map { Form.Choice($0.id, $0.name) }
        // One for each rendering of the page, so that a form sent twice pays once.
        let once = UUID().uuidString.lowercased()
        return View(
            accounts: accounts.map(account), isEmpty: accounts.isEmpty,
            mandates: mandates.map {
                MandateView(
                    mandateID: $0.id,
                    mandateText: "\($0.payee) may collect up to \(Self.text($0.perPayment, $0.currency)) at once and "
                        + "\(Self.text($0.perPeriod, $0.currency)) in \($0.days) days, until \($0.until.text); "
                        + "\(Self.text($0.left, $0.currency)) are left now")
            },
            hasMandates: !mandates.isEmpty,
            pay: currencies.isEmpty || payees.isEmpty
                ? nil
                : Form(
                    id: "pay", title: "Pay", action: "/wallet/payments",
                    fields: [
                        .init("to", label: "To", kind: .choice(payees)),
                        .init("amount", label: "Amount", kind: .text(maximumLength: 16), hint: "For example 12.50"),
                        .init("currency", label: "Currency", kind: .choice(currencies)),
                        .init("reference", label: "Reference", kind: .text(maximumLength: 140), isRequired: false),
                    ], fixed: [.init("payment", once)], submit: "Pay", csrfToken: csrfToken
                ).view,
            mandate: currencies.isEmpty || payees.isEmpty || !signsHere
                ? nil
                : Form(
                    id: "mandate", title: "Let somebody collect", action: "/wallet/mandates",
                    fields: [
                        .init("payee", label: "Who", kind: .choice(payees)),
                        .init("currency", label: "Currency", kind: .choice(currencies)),
                        .init("perPayment", label: "At most at once", kind: .text(maximumLength: 16)),
                        .init("perPeriod", label: "At most in 30 days", kind: .text(maximumLength: 16)),
                        .init("days", label: "Ends after", kind: .number(unit: "days", step: "1"), value: "90"),
                    ], fixed: [.init("form", once)], submit: "Give this permission", csrfToken: csrfToken
                ).view,
            limit: currencies.isEmpty || !signsHere
                ? nil
                : Form(
                    id: "limit", title: "Limit of a day", action: "/wallet/limit",
                    fields: [
                        .init("currency", label: "Currency", kind: .choice(currencies)),
                        .init(
                            "perDay", label: "At most in a day", kind: .text(maximumLength: 16),
                            hint: "Days of UTC. Empty lifts the limit.", isRequired: false),
                    ], submit: "Set the limit", csrfToken: csrfToken
                ).view,
            signsHere: signsHere, ledgerID: ledgerID, owner: owner, signer: signer, csrfToken: csrfToken)
    }

    private static func fact(_ level: Level, _ currency: String) -> Fact {
        var limits: [String] = []
        if let most = level.perDay {
            limits.append(
                "at most \(text(most, currency)) leaves in a day, \(text(level.leftToday ?? 0, currency)) left today")
        }
        if let most = level.balance { limits.append("at most \(text(most, currency)) in the account") }
        return Fact(
            "Identity check", level.number == 0 ? "none" : "level \(level.number)",
            note: limits.isEmpty ? "without a limit" : limits.joined(separator: "; "))
    }

    private func account(_ account: Account) -> AccountView {
        var facts: [Fact] = []
        if account.held > 0 { facts.append(Fact("Held for others", Self.text(account.held, account.currency))) }
        if let limit = account.limit {
            facts.append(
                Fact(
                    "Limit of a day", Self.text(limit, account.currency),
                    note: "\(Self.text(account.leftToday ?? 0, account.currency)) left today"))
        }
        if let level = account.level { facts.append(Self.fact(level, account.currency)) }
        if let whom = account.frozenBy { facts.append(Fact("Frozen by", whom)) }
        let canChange = account.frozenBy == nil || account.canThaw
        return AccountView(
            currency: account.currency, balanceText: Self.text(account.balance, account.currency),
            facts: facts.map(\.view), notTender: account.isPoints,
            history: Table(
                caption: "What moved it",
                columns: [
                    .init("When"), .init("What"), .init("Whom"), .init("Reference"), .init("Change", isNumeric: true),
                    .init("Balance", isNumeric: true),
                ],
                rows: account.history.map { line in
                    [
                        .time(line.time),
                        line.transaction.map {
                            .link(line.kind, href: ExplorerPaths.transaction($0, ledger: ledgerID))
                        } ?? .text(line.kind),
                        .text(line.other), .text(line.reference), .text(Self.signed(line.change)),
                        .text(Self.decimal(UInt64(max(0, line.balance)))),
                    ]
                },
                empty: .init("Nothing yet. Ask the issuer of \(account.currency), or somebody who owes you.")
            ).view,
            statementLink: "/api/v1/wallet/statement?currency=\(account.currency)&format=csv",
            freezeWord: !signsHere || !canChange ? nil : (account.frozenBy == nil ? "Freeze" : "Thaw"),
            freezeValue: account.frozenBy == nil ? "yes" : "no")
    }

    static func decimal(_ minor: UInt64) -> String {
        let cents = minor % 100
        return "\(grouped(minor / 100)).\(cents < 10 ? "0" : "")\(cents)"
    }

    private static func signed(_ minor: Int64) -> String {
        "\(minor < 0 ? "−" : "+")\(decimal(minor.magnitude))"
    }

    static func text(_ minor: UInt64, _ currency: String) -> String { "\(decimal(minor)) \(currency)" }
}
