import APIKit
import ChattelMortgageContract
import ChattelMortgagePages
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The bank's page: applications to decide on, loans to watch, alarms.
extension ChattelRoutes {
    private static let back = Site.Link(title: "Back to lending", href: "/lending")
    /// How long an authorisation given on the page lasts, ms.
    private static let authorityTerm: UInt64 = 90 * 86_400_000

    var lendingRoutes: [Route] {
        [
            page("/lending", "The bank's page", role: Role.bank) { try lendingPage($0) },
            action("/lending/authorise", "Ask for status data", role: Role.bank, back: Self.back) { input, _ in
                let id = try input.text("application")
                return Wish(
                    operation: "authorise",
                    arguments: [
                        ("application", .text(id)), ("monitor", .text(try input.text("monitor"))),
                        ("until", .unsigned(platform.now + Self.authorityTerm)),
                    ], subject: "application:\(id)", done: "Status data asked for")
            },
            action("/lending/decide", "Decide on an application", role: Role.bank, back: Self.back) { input, _ in
                let id = try input.text("application")
                let isApproved = try input.text("approved") == "yes"
                return Wish(
                    operation: "decide",
                    arguments: [
                        ("application", .text(id)), ("approved", .bool(isApproved)),
                        ("reason", .text(try input.text("reason"))),
                        ("amount", .unsigned(isApproved ? try input.scaled("amount", by: 100) : 0)),
                    ], subject: "application:\(id)",
                    done: isApproved ? "Lent: the goods are pledged and the money is paid" : "Refused")
            },
            action("/lending/look", "Open the status of an application's goods", role: Role.bank, back: Self.back) {
                input, _ in
                let id = try input.text("application")
                return Wish(
                    operation: "look", arguments: [("application", .text(id)), ("purpose", "Evaluation of a loan")],
                    subject: "application:\(id)", done: "The owner sees that you looked")
            },
            action("/lending/release", "Let pledged goods go", role: Role.bank, back: Self.back) { input, _ in
                let number = try input.text("receipt")
                return Wish(
                    operation: "release",
                    arguments: [
                        ("receipt", .text(number)), ("grams", .unsigned(try input.scaled("tonnes", by: 1_000_000))),
                    ], subject: "receipt:\(number)", done: "Goods released")
            },
            action("/lending/swap", "Accept a swap", role: Role.bank, back: Self.back) { input, _ in
                let id = try input.text("loan")
                return Wish(
                    operation: "acceptSwap", arguments: [("loan", .text(id))], subject: "application:\(id)",
                    done: "Swapped")
            },
        ]
    }

    private func lendingPage(_ session: Session) throws -> WorkPage {
        let applications = try platform.state.scan(Chattel.applications, limit: 5000)
            .filter { $0.value.bank == session.participant && $0.value.stage != .draft }
        let loans = try platform.state.scan(Chattel.loans, limit: 5000)
            .filter { $0.value.bank == session.participant }
        let pledged = try receipts { $0.loan != nil && $0.title.holder == session.participant }
        let names = Set(pledged.map(\.value.lot))
        let goods = try platform.state.scan(Chattel.lots, limit: 5000).filter { names.contains($0.key) }
        return WorkPage(
            kicker: "Bank", title: session.name,
            lead: "What is asked of you, what you have lent, and how the goods are.", facts: try rules(session),
            tables: [
                reportTable(applications), try loanTable(loans, isBank: true), receiptTable(pledged),
                try alarmTable(goods),
            ], forms: try lendingForms(session, applications, loans, pledged))
    }

    private func rules(_ session: Session) throws -> [Fact] {
        guard let policy = try platform.state.get(Chattel.policies, session.participant) else { return [] }
        return [
            Fact("Haircut", Amounts.percent(policy.haircut)), Fact("Lent of the rest", Amounts.percent(policy.ratio)),
            Fact("Margin call above", Amounts.percent(policy.marginRatio), note: "of the goods' value"),
            Fact("Most for one borrower", Amounts.money(policy.concentration, "EUR")),
            Fact("Lends on", policy.kinds.joined(separator: ", ")),
        ]
    }

    /// What the ledger says of the goods, where enterprise and bank have agreed that it is told.
    private func reportTable(_ applications: [(key: String, value: LoanApplication)]) -> Table {
        Table(
            caption: "Applications",
            columns: [
                .init("Application"), .init("Enterprise"), .init("Asked for", isNumeric: true), .init("Orders"),
                .init("Goods"), .init("Status report"), .init("State"),
            ],
            rows: applications.map { id, application in
                let report = application.report
                let mayRead = application.stage == .approved || (application.consentUntil ?? 0) > platform.now
                return [
                    .link(id, href: "/cases/\(id)"),
                    .text(platform.name(of: application.enterprise)),
                    .link(
                        Amounts.money(application.amount, application.currency),
                        href: Grounds(about: ["application:\(id)"]).href),
                    .text(
                        "\(application.orders.joined(separator: ", ")), "
                            + Amounts.money(application.ordersValue, application.currency)),
                    .text(
                        mayRead
                            ? report.map {
                                "\(Amounts.tonnes($0.grams)), \(Amounts.money($0.value, application.currency))"
                            }
                                ?? "not told yet" : "no consent"),
                    report.map {
                        mayRead
                            ? .link(
                                "Grade \($0.evidenceGrade), \($0.openAlarms) open alarms, \($0.isFree ? "free" : "not free"), block \($0.height)",
                                href: record($0.transaction)) : .text("no consent")
                    } ?? .text("none"),
                    Self.stage(of: application),
                ]
            }, empty: .init("No application waits. Enterprises send them with their receipts and orders."))
    }

    private func lendingForms(
        _ session: Session, _ applications: [(key: String, value: LoanApplication)],
        _ loans: [(key: String, value: Loan)], _ pledged: [(key: String, value: WarehouseReceipt)]
    ) throws -> [Form] {
        let token = session.formToken
        var forms: [Form] = []
        let waiting = applications.filter { $0.value.stage == .submitted }.map {
            Form.Choice($0.key, "\($0.key), \(platform.name(of: $0.value.enterprise))")
        }
        if !waiting.isEmpty {
            let monitors = try platform.state.scan(MembershipContract.participants, limit: 5000)
                .filter { $0.value.roles.contains(Role.monitor) }.map { Form.Choice($0.key, $0.value.name) }
            let application = Form.Field("application", label: "Application", kind: .choice(waiting))
            forms.append(
                Form(
                    id: "authorise", title: "Ask for status data", action: "/lending/authorise",
                    fields: [application, .init("monitor", label: "From", kind: .choice(monitors))],
                    submit: "Ask for 90 days", csrfToken: token))
            forms.append(
                Form(
                    id: "look", title: "Open the status", action: "/lending/look", fields: [application],
                    submit: "Open it; the owner sees that", csrfToken: token))
            forms.append(
                Form(
                    id: "decide", title: "Decide", action: "/lending/decide",
                    fields: [
                        application,
                        .init(
                            "approved", label: "Decision",
                            kind: .choice([.init("yes", "Lend: pledge and pay at once"), .init("no", "Refuse")])),
                        .init("amount", label: "Amount", kind: .number(unit: "EUR", step: "0.01"), isRequired: false),
                        .init("reason", label: "Reason", kind: .text(maximumLength: 200)),
                    ], submit: "Sign the decision", csrfToken: token))
        }
        if !pledged.isEmpty {
            forms.append(
                Form(
                    id: "release", title: "Release goods", action: "/lending/release",
                    fields: [
                        .init(
                            "receipt", label: "Receipt",
                            kind: .choice(pledged.map { .init($0.key, "\($0.key), \(Amounts.tonnes($0.value.grams))") })
                        ),
                        .init("tonnes", label: "Weight", kind: .number(unit: "t", step: "0.001")),
                    ], submit: "Let them go", csrfToken: token))
        }
        let swaps = loans.filter { $0.value.swap != nil }
        if !swaps.isEmpty {
            forms.append(
                Form(
                    id: "swap", title: "A swap is proposed", action: "/lending/swap",
                    fields: [
                        .init(
                            "loan", label: "Loan",
                            kind: .choice(
                                swaps.map {
                                    .init($0.key, "\($0.key): \($0.value.swap?.replacing("/", with: " for ") ?? "")")
                                }))
                    ], submit: "Accept the swap", csrfToken: token))
        }
        return forms
    }
}
