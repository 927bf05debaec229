import APIKit
import ChattelMortgageContract
import ChattelMortgagePages
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The enterprise's page: its lots by site, its receipts and loans, and what it can ask for.
extension ChattelRoutes {
    private static let back = Site.Link(title: "Back to your goods", href: "/goods")
    /// How long a consent given on the page lasts, ms.
    private static let consentTerm: UInt64 = 90 * 86_400_000

    var goodsRoutes: [Route] {
        [
            page("/goods", "The enterprise's page", role: Role.enterprise) { try goodsPage($0) },
            action("/goods/draft", "Prepare a loan application", role: Role.enterprise, back: Self.back) { input, _ in
                let receipts = try input.text("receipts").split(whereSeparator: { $0 == "," || $0 == " " })
                let order = try input.text("order")
                let id = "APP-\(UInt32.random(in: 0 ... .max))"
                return Wish(
                    operation: "draft",
                    arguments: [
                        ("application", .text(id)), ("bank", .text(try input.text("bank"))),
                        ("receipts", .array(receipts.map { .text(String($0)) })),
                        ("amount", .unsigned(try input.scaled("amount", by: 100))), ("currency", "EUR"), ("days", 90),
                        ("purpose", "Working capital"), ("orders", [.text(order)]),
                        ("ordersValue", .unsigned(try input.scaled("orderValue", by: 100))),
                        ("documents", .hash(Hash32.sha256(Bytes(order.utf8)))),
                    ], subject: "application:\(id)", done: "Application prepared")
            },
            decision("submit", "Send a loan application", done: "Application sent"),
            decision("withdraw", "Withdraw a loan application", done: "Application withdrawn"),
            action("/goods/consent", "Let the bank see the status", role: Role.enterprise, back: Self.back) {
                input, _ in
                let id = try input.text("application")
                return Wish(
                    operation: "consent",
                    arguments: [
                        ("application", .text(id)), ("until", .unsigned(platform.now + Self.consentTerm)),
                    ], subject: "application:\(id)", done: "The bank may be told for 90 days")
            },
            action("/goods/repay", "Pay back", role: Role.enterprise, back: Self.back) { input, _ in
                let id = try input.text("loan")
                return Wish(
                    operation: "repay",
                    arguments: [("loan", .text(id)), ("amount", .unsigned(try input.scaled("amount", by: 100)))],
                    subject: "application:\(id)", done: "Paid back")
            },
            action("/goods/release", "Let goods of your own go", role: Role.enterprise, back: Self.back) { input, _ in
                let number = try input.text("receipt")
                return Wish(
                    operation: "release",
                    arguments: [
                        ("receipt", .text(number)), ("grams", .unsigned(try input.scaled("tonnes", by: 1_000_000))),
                    ], subject: "receipt:\(number)", done: "Goods released")
            },
        ]
    }

    private func decision(_ operation: String, _ summary: String, done: String) -> Route {
        action("/goods/\(operation)", summary, role: Role.enterprise, back: Self.back) { input, _ in
            let id = try input.text("application")
            return Wish(
                operation: operation, arguments: [("application", .text(id))], subject: "application:\(id)", done: done)
        }
    }

    private func goodsPage(_ session: Session) throws -> WorkPage {
        let mine = try lots { $0.owner == session.participant }
        let receipts = try receipts { $0.title.beneficiary == session.participant }
        let applications = try platform.state.scan(Chattel.applications, limit: 5000)
            .filter { $0.value.enterprise == session.participant }
        let loans = try platform.state.scan(Chattel.loans, limit: 5000)
            .filter { $0.value.enterprise == session.participant }
        return WorkPage(
            kicker: "Enterprise", title: session.name,
            lead: "Your goods as sensors see them, and what is lent on them.",
            tables: [
                try lotTable(mine), receiptTable(receipts), try loanTable(loans, isBank: false),
                applicationTable(applications), try lookTable(applications), try alarmTable(mine),
            ], forms: try goodsForms(session, receipts, applications, loans))
    }

    private func lotTable(_ lots: [(key: String, value: Lot)]) throws -> Table {
        Table(
            caption: "Goods by site",
            columns: [
                .init("Lot"), .init("Goods"), .init("Where"), .init("Declared", isNumeric: true),
                .init("On the scale", isNumeric: true), .init("Evidence"),
            ],
            rows: try lots.map { name, lot in
                let bay = try bay(of: lot)
                return [
                    .link(name, href: "/sequence?about=lot:\(name)"), .text("\(lot.specification)"),
                    .text("\(try siteName(lot.site)), bay \(lot.bay)"), .text(Amounts.tonnes(lot.grams)),
                    .link(
                        bay.map { Amounts.tonnes($0.grams) } ?? "not seen", href: grounds("lot:\(name)", bay).href),
                    .mark("Grade \(bay?.evidenceGrade ?? "–")", bay?.blind.isEmpty ?? false ? .good : .bad),
                ]
            }, empty: .init("No goods yet. Declare a lot with the warehouse that has it."))
    }

    func receiptTable(_ receipts: [(key: String, value: WarehouseReceipt)]) -> Table {
        Table(
            caption: "Receipts",
            columns: [
                .init("Receipt"), .init("Weight", isNumeric: true), .init("May go", isNumeric: true), .init("State"),
            ],
            rows: receipts.map { number, receipt in
                [
                    .link(number, href: "/receipts/\(number)"),
                    .link(Amounts.tonnes(receipt.grams), href: Grounds(about: ["receipt:\(number)"]).href),
                    .text(Amounts.tonnes(receipt.releasable)), Self.stage(of: receipt),
                ]
            }, empty: .init("No receipt yet. The warehouse issues one once its sensors agree with the declaration."))
    }

    func applicationTable(_ applications: [(key: String, value: LoanApplication)]) -> Table {
        Table(
            caption: "Applications",
            columns: [
                .init("Application"), .init("Bank"), .init("Asked for", isNumeric: true), .init("Orders"),
                .init("State"),
            ],
            rows: applications.map { id, application in
                [
                    .link(id, href: "/cases/\(id)"), .text(platform.name(of: application.bank)),
                    .link(
                        Amounts.money(application.amount, application.currency),
                        href: Grounds(about: ["application:\(id)"]).href),
                    .text(application.orders.joined(separator: ", ")),
                    Self.stage(of: application),
                ]
            }, empty: .init("No application yet. A receipt that is free can secure one."))
    }

    static func stage(of application: LoanApplication) -> Table.Cell {
        let reason = application.reason.map { ": \($0)" } ?? ""
        return switch application.stage {
        case .draft: .mark("Prepared", .neutral)
        case .submitted: .mark("Sent", .neutral)
        case .withdrawn: .mark("Withdrawn", .neutral)
        case .approved: .mark("Approved\(reason)", .good)
        case .refused: .mark("Refused\(reason)", .bad)
        }
    }

    /// Who looked at the status of an owner's goods.
    private func lookTable(_ applications: [(key: String, value: LoanApplication)]) throws -> Table {
        let records = try platform.index.records(mentioning: applications.map { "application:\($0.key)" })
            .filter { ["look", "report"].contains($0.operation) && $0.rejection == nil }
        return Table(
            caption: "Who looked", columns: [.init("Who"), .init("What"), .init("When"), .init("Record")],
            rows: records.suffix(20).reversed().map {
                [
                    .text(platform.name(of: $0.issuer)),
                    .text($0.operation == "look" ? "Opened the status" : "Told the bank the status"),
                    .time(Self.moment($0.time)), .link("Record", href: record($0.id)),
                ]
            }, empty: .init("Nobody has looked. Banks see the status of your goods only with your consent."))
    }

    func loanTable(_ loans: [(key: String, value: Loan)], isBank: Bool) throws -> Table {
        Table(
            caption: "Loans",
            columns: [
                .init("Loan"), .init(isBank ? "Borrower" : "Bank"), .init("Open", isNumeric: true),
                .init("Value of the goods", isNumeric: true), .init("Loan to value", isNumeric: true), .init("State"),
            ],
            rows: try loans.map { id, loan in
                let value = try value(of: loan)
                let share = value.flatMap { $0 > 0 ? Amounts.percent(loan.outstanding * 1000 / $0) : nil }
                return [
                    .link(id, href: "/cases/\(id)"),
                    .text(platform.name(of: isBank ? loan.enterprise : loan.bank)),
                    .link(
                        Amounts.money(loan.outstanding, loan.currency), href: Grounds(about: ["application:\(id)"]).href
                    ),
                    value.map {
                        .link(
                            Amounts.money($0, loan.currency),
                            href: Grounds(about: loan.receipts.map { "receipt:\($0)" }).href)
                    } ?? .text("no price"),
                    .text(share ?? "–"),
                    Self.stage(of: loan),
                ]
            }, empty: .init("No loan yet."))
    }

    private static func stage(of loan: Loan) -> Table.Cell {
        switch loan.stage {
        case .open: .mark("In order", .good)
        case .called: .mark("Margin call until \(moment(loan.cureUntil ?? 0).text)", .bad)
        case .defaulted: .mark("In default", .bad)
        case .enforced: .mark("Goods for sale", .bad)
        case .closed: .mark("Paid back", .neutral)
        }
    }

    private func goodsForms(
        _ session: Session, _ receipts: [(key: String, value: WarehouseReceipt)],
        _ applications: [(key: String, value: LoanApplication)], _ loans: [(key: String, value: Loan)]
    ) throws -> [Form] {
        let token = session.formToken
        let banks = try platform.state.scan(MembershipContract.participants, limit: 5000)
            .filter { $0.value.roles.contains(Role.bank) }
        let free = receipts.filter { $0.value.isFree(of: session.participant) }
        func choices(_ stage: LoanApplication.Stage) -> [Form.Choice] {
            applications.filter { $0.value.stage == stage }.map {
                .init($0.key, "\($0.key), \(platform.name(of: $0.value.bank))")
            }
        }
        func one(_ id: String, _ title: String, _ choices: [Form.Choice], _ submit: String) -> Form? {
            choices.isEmpty
                ? nil
                : Form(
                    id: id, title: title, action: "/goods/\(id)",
                    fields: [.init("application", label: "Application", kind: .choice(choices))], submit: submit,
                    csrfToken: token)
        }
        var forms: [Form?] = []
        if !free.isEmpty {
            forms.append(
                Form(
                    id: "draft", title: "Apply for a loan", action: "/goods/draft",
                    fields: [
                        .init("bank", label: "Bank", kind: .choice(banks.map { .init($0.key, $0.value.name) })),
                        .init(
                            "receipts", label: "Receipts", kind: .text(maximumLength: 400),
                            hint: "One or more, with commas between.", value: free.map(\.key).joined(separator: ", ")),
                        .init("amount", label: "Amount", kind: .number(unit: "EUR", step: "0.01")),
                        .init("order", label: "Number of the order that it is for", kind: .text(maximumLength: 60)),
                        .init("orderValue", label: "Value of the order", kind: .number(unit: "EUR", step: "0.01")),
                    ], submit: "Prepare the application", csrfToken: token))
            forms.append(
                Form(
                    id: "release", title: "Take goods out", action: "/goods/release",
                    fields: [
                        .init("receipt", label: "Receipt", kind: .choice(free.map { .init($0.key, $0.key) })),
                        .init("tonnes", label: "Weight", kind: .number(unit: "t", step: "0.001")),
                    ], submit: "Release the goods", csrfToken: token))
        }
        forms.append(one("submit", "Send an application", choices(.draft), "Send it to the bank"))
        forms.append(one("consent", "Consent", choices(.submitted), "Let the bank be told for 90 days"))
        forms.append(one("withdraw", "Withdraw", choices(.submitted), "Withdraw the application"))
        let open = loans.filter { $0.value.outstanding > 0 }
        if !open.isEmpty {
            forms.append(
                Form(
                    id: "repay", title: "Pay back", action: "/goods/repay",
                    fields: [
                        .init(
                            "loan", label: "Loan",
                            kind: .choice(
                                open.map {
                                    .init(
                                        $0.key, "\($0.key), \(Amounts.money($0.value.outstanding, $0.value.currency))")
                                })),
                        .init("amount", label: "Amount", kind: .number(unit: "EUR", step: "0.01")),
                    ], submit: "Pay", csrfToken: token))
        }
        return forms.compactMap { $0 }
    }
}
