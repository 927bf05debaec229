import APIKit
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The wallet of whoever is signed in: balances, what is held and permitted, payments, statements.
struct WalletRoutes: Sendable {
    private static let tag = "wallet"
    private static let shownEntries = 50

    let platform: Platform

    var pages: [Route] {
        [
            Route(.get, "/wallet", "My wallet", tag: Self.tag, produces: "text/html") { request in
                let session = try request.requireSession()
                return try platform.page(try page(session), session)
            },
            form("/wallet/payments", "Pay") { try payment($0) },
            form("/wallet/mandates", "Permit somebody to collect") { try mandate($0) },
            form("/wallet/mandates/end", "End a permission") { input in
                ("endMandate", [("payer", .text(input.text("payer"))), ("id", .text(input.text("id")))])
            },
            form("/wallet/limit", "Limit what leaves in a day") { input in
                let cap = input.text("perDay")
                return (
                    "limit",
                    [
                        ("currency", .text(input.text("currency"))),
                        ("perDay", cap.isEmpty ? .null : .unsigned(try input.minor("perDay"))),
                    ]
                )
            },
            form("/wallet/freeze", "Freeze or thaw the account") { input in
                (
                    input.text("freeze") == "yes" ? "freeze" : "unfreeze",
                    [("account", .text(input.text("account"))), ("currency", .text(input.text("currency")))]
                )
            },
        ]
    }

    var api: [Route] {
        [
            Route(
                .get, "/api/v1/wallet/statement", "All that moved my account's money; CSV on request", tag: Self.tag,
                parameters: [
                    .init("currency", in: .query, "Three capital letters", .pattern("[A-Z]{3}"), isRequired: true)
                ]
            ) { request in
                let session = try request.requireSession()
                let currency = request.query["currency"] ?? ""
                let statement = try AccountStatement(session.participant, currency, on: platform)
                if request.headers["accept"]?.contains("text/csv") == true || request.query["format"] == "csv" {
                    return .text(Self.csv(statement), "text/csv; charset=utf-8")
                }
                return .json([
                    "participant": session.participant, "balance": Self.amount(statement.balance, currency),
                    "isLegalTender": !Self.isPoints(currency),
                    "entries": statement.entries.map { Self.json($0, currency) },
                ])
            },
            Route(
                .get, "/api/v1/wallet/tax", "What my account received and paid in a year; CSV on request",
                tag: Self.tag,
                parameters: [
                    .init("currency", in: .query, "Three capital letters", .pattern("[A-Z]{3}"), isRequired: true),
                    .init("year", in: .query, "Of UTC", .integer(2000...2999), isRequired: true),
                ]
            ) { request in
                let session = try request.requireSession()
                let year = try request.integer("year", default: 0, in: 2000...2999)
                let statement = try AccountStatement(
                    session.participant, request.query["currency"] ?? "", on: platform)
                let summary = TaxSummary(statement, year: year)
                return request.headers["accept"]?.contains("text/csv") == true
                    ? .text(Self.csv(summary), "text/csv; charset=utf-8")
                    : .json(Self.json(summary, of: session.participant))
            },
            Route(
                .get, "/api/v1/wallet/report", "What was issued of each currency, and where it lies", tag: Self.tag
            ) { _ in
                .json([
                    "items": try MoneyReport(of: platform).lines.map { line in
                        [
                            "currency": line.currency, "issued": String(line.issued),
                            "accounts": String(line.accounts), "held": String(line.held),
                            "isBalanced": line.isBalanced,
                        ] as [String: Any]
                    }
                ])
            },
        ]
    }

    /// Codes that begin with X are no currency of a state (ISO 4217).
    static func isPoints(_ currency: String) -> Bool { currency.hasPrefix("X") }

    private static func amount(_ minor: Int64, _ currency: String) -> [String: Any] {
        ["minor": String(minor), "currency": currency]
    }

    private static func json(_ entry: AccountStatement.Entry, _ currency: String) -> [String: Any] {
        [
            "time": LedgerAPI.time(entry.time), "height": entry.height,
            "transaction": entry.transaction.map { $0.hex as Any } ?? NSNull(), "kind": entry.kind,
            "other": entry.other, "reference": entry.reference, "change": amount(entry.change, currency),
            "balance": amount(entry.balance, currency),
        ]
    }

    private static func json(_ summary: TaxSummary, of participant: String) -> [String: Any] {
        [
            "participant": participant, "year": summary.year, "isLegalTender": !isPoints(summary.currency),
            "opening": amount(summary.opening, summary.currency), "closing": amount(summary.closing, summary.currency),
            "lines": summary.lines.map { line in
                [
                    "kind": line.kind, "other": line.other, "entries": line.entries,
                    "amount": amount(line.amount, summary.currency),
                ] as [String: Any]
            },
        ]
    }

    private static func csv(_ summary: TaxSummary) -> String {
        let lines = summary.lines.map { line in
            [
                String(summary.year), line.kind, line.other, String(line.entries), String(line.amount),
                summary.currency, isPoints(summary.currency) ? "no" : "yes",
            ].map(CSV.field).joined(separator: ",")
        }
        return (["year,kind,other,entries,amount,currency,legalTender"] + lines).map { $0 + "\r\n" }.joined()
    }

    private static func csv(_ statement: AccountStatement) -> String {
        let head = "time,height,transaction,kind,other,reference,change,balance,currency"
        let lines = statement.entries.map { entry in
            [
                LedgerAPI.time(entry.time), String(entry.height), entry.transaction?.hex ?? "", entry.kind, entry.other,
                entry.reference, String(entry.change), String(entry.balance), statement.currency,
            ].map(CSV.field).joined(separator: ",")
        }
        return ([head] + lines).map { $0 + "\r\n" }.joined()
    }

    // MARK: Page

    private func page(_ session: Session) throws -> WalletPage {
        let owner = session.participant
        let state = platform.state
        let currencies = try state.scan(WalletContract.supply, limit: 20).map(\.key)
        let accounts = try currencies.map { currency -> WalletPage.Account in
            let account = try state.get(WalletContract.accounts, WalletContract.account(owner, currency)) ?? Account()
            let holds = try state.scan(WalletContract.holds, prefix: "\(currency)/\(owner)/", limit: 100)
            return WalletPage.Account(
                currency: currency, isPoints: Self.isPoints(currency), balance: account.balance,
                held: holds.reduce(0) { $0 + $1.value.amount }, frozenBy: account.frozenBy.map(platform.name),
                canThaw: account.frozenBy == owner, limit: account.limit?.cap,
                leftToday: account.limit?.left(at: platform.now),
                level: try WalletContract.leftByLevel(owner, currency, in: state, at: platform.now).map {
                    .init(number: $0.level, perDay: $0.rule.perDay, balance: $0.rule.balance, leftToday: $0.left)
                },
                history: try AccountStatement(owner, currency, on: platform).entries.suffix(Self.shownEntries)
                    .reversed()
                    .map(line))
        }
        let mandates = try state.scan(WalletContract.mandates, prefix: "\(owner)/", limit: 100)
        let people = try state.scan(MembershipContract.participants, limit: 200)
            .filter { $0.key != owner && $0.value.organisation == nil && $0.value.revokedAt == nil }
        return WalletPage(
            owner: owner, ledgerID: platform.node.ledger.hex, accounts: accounts,
            mandates: mandates.map { key, mandate in
                .init(
                    id: String(key.dropFirst(owner.utf8.count + 1)), payee: platform.name(of: mandate.payee),
                    perPayment: mandate.perPayment, perPeriod: mandate.perPeriod,
                    days: mandate.period / 86_400_000, left: mandate.left(at: platform.now),
                    currency: mandate.currency, until: Moment(milliseconds: Int64(mandate.until)))
            },
            payees: people.map { .init(id: $0.key, name: $0.value.name) },
            signsHere: try platform.keys.key(of: session.signer) != nil, signer: session.signer,
            csrfToken: session.formToken)
    }

    private func line(_ entry: AccountStatement.Entry) -> WalletPage.Line {
        .init(
            time: Moment(milliseconds: Int64(entry.time)), kind: entry.kind, other: platform.name(of: entry.other),
            reference: entry.reference, change: entry.change, balance: entry.balance,
            transaction: entry.transaction?.hex)
    }

    // MARK: Forms

    private typealias Asked = (name: String, arguments: [(String, CBOR)])

    private func form(
        _ path: String, _ summary: String, _ operation: @escaping @Sendable (WalletInput) throws -> Asked
    ) -> Route {
        Route(
            .post, path, summary, tag: Self.tag, consumes: Route.formContentType, produces: "text/html"
        ) { request in
            let session = try request.requireSession()
            let asked = try operation(WalletInput(fields: request.form))
            let done = try await platform.perform(
                Ledger.Operation("wallet", asked.name, asked.arguments), as: session.signer,
                about: session.participant)
            if let refusal = Problem.rejected(done.outcome) { throw refusal }
            return .redirect(to: "/wallet")
        }
    }

    private func payment(_ input: WalletInput) throws -> Asked {
        var arguments: [(String, CBOR)] = [
            ("to", .text(input.text("to"))), ("amount", .unsigned(try input.minor("amount"))),
            ("currency", .text(input.text("currency"))),
            // Made with the form, so that sending it twice pays once.
            ("payment", .text(input.text("payment"))),
        ]
        if !input.text("reference").isEmpty { arguments.append(("reference", .text(input.text("reference")))) }
        return ("transfer", arguments)
    }

    private func mandate(_ input: WalletInput) throws -> Asked {
        let days = try input.number("days", in: 1...400)
        return (
            "mandate",
            [
                ("id", .text("m\(input.text("form").prefix(12))")), ("payee", .text(input.text("payee"))),
                ("currency", .text(input.text("currency"))), ("perPayment", .unsigned(try input.minor("perPayment"))),
                ("perPeriod", .unsigned(try input.minor("perPeriod"))), ("period", .unsigned(30 * 86_400_000)),
                ("until", .unsigned(platform.now + days * 86_400_000)),
            ]
        )
    }
}

/// Fields of a form of the wallet.
struct WalletInput {
    let fields: [String: String]

    func text(_ name: String) -> String { (fields[name] ?? "").trimmingCharacters(in: .whitespaces) }

    func number(_ name: String, in range: ClosedRange<UInt64>) throws -> UInt64 {
        guard let number = UInt64(text(name)), range.contains(number) else {
            throw Problem.badRequest("\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// An amount with at most two decimals, in minor units.
    func minor(_ name: String) throws -> UInt64 {
        let parts = text(name).replacing(",", with: ".").split(separator: ".", omittingEmptySubsequences: false)
        let decimals = parts.count > 1 ? parts[1] : ""
        guard (1...2).contains(parts.count), decimals.count <= 2,
            let minor = UInt64(parts[0] + decimals + String(repeating: "0", count: 2 - decimals.count)),
            (1...WalletContract.maximumAmount).contains(minor)
        else { throw Problem.badRequest("\(name) is an amount like 12.50, more than nothing") }
        return minor
    }
}
