import APIKit
import AutomatedParkingContract
import AutomatedParkingGateway
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Pages of drivers, and of visitors without an account.
struct DriverRoutes: Sendable {
    private static let year: UInt64 = 365 * 86_400_000

    let platform: Platform

    private var parking: ParkingRoutes { ParkingRoutes(platform: platform) }

    var routes: [Route] {
        [
            page("/parking", "My stays", access: .role(ParkingContract.Role.driver)) {
                try home(try $0.requireSession())
            },
            page(
                "/parking/stays/{lot}/{number}", "A stay and its receipt",
                parameters: [
                    .init("lot", in: .path, "The lot's id"), .init("number", in: .path, "Number of the stay"),
                ]
            ) { request in
                let key = "\(try request.parameter("lot"))/\(try request.parameter("number"))"
                let session = try request.requireSession()
                return try receipt(key, try parking.stay(key, for: session), session)
            },
            page(
                "/parking/prices/{lot}", "What a lot charges", access: .anyone,
                parameters: [.init("lot", in: .path, "The lot's id")]
            ) { try PricePage.make(try $0.parameter("lot"), platform) },
            page("/parking/visitor", "A stay without an account", access: .anyone) { request in
                visitor(request.session, found: nil)
            },
            Route(
                .post, "/parking/visitor", "Find a stay by its plate", tag: ParkingRoutes.tag, access: .anyone,
                consumes: Route.formContentType, produces: "text/html"
            ) { request in
                let plate = try self.plate(FormInput(request.form))
                return try platform.page(
                    visitor(request.session, found: try stays(of: plate)), request.session)
            },
            act("/parking/register", "Register a plate") { try register($0, $1) },
            act("/parking/tag", "Say which tag a car has") { try tag($0, $1) },
            act("/parking/pay", "Pay a stay") { input, _ in
                guard let key = input["session"], let amount = UInt64(input["amount"] ?? "") else {
                    throw Problem.badRequest("say which stay, and how much")
                }
                return [
                    ParkingRoutes.wish(
                        "pay", [("session", .text(key)), ("amount", .unsigned(amount))], about: "session:\(key)")
                ]
            },
            act("/parking/dispute", "Dispute a charge") { input, _ in
                guard let key = input["session"], let reason = input["reason"], !reason.isEmpty else {
                    throw Problem.badRequest("say what is wrong")
                }
                return [
                    ParkingRoutes.wish(
                        "dispute", [("session", .text(key)), ("reason", .text(reason))], about: "session:\(key)")
                ]
            },
        ]
    }

    private func page(
        _ path: String, _ summary: String, access: Route.Access = .signedIn, parameters: [Route.Parameter] = [],
        _ make: @escaping @Sendable (APIRequest) throws -> WorkPage
    ) -> Route {
        Route(
            .get, path, summary, tag: ParkingRoutes.tag, access: access, parameters: parameters, produces: "text/html"
        ) { request in try platform.page(try make(request), request.session) }
    }

    private func act(
        _ path: String, _ summary: String,
        _ wishes: @escaping @Sendable (FormInput, Session) throws -> [Platform.Wish]
    ) -> Route {
        parking.act(
            path, summary, role: ParkingContract.Role.driver, back: .init(title: "My parking", href: "/parking"), wishes
        )
    }

    // MARK: Registration

    private func plate(_ input: FormInput) throws -> PlateName {
        guard let plate = PlateName(input["plate"] ?? "", country: input["country"] ?? "") else {
            throw Problem.badRequest(
                "a plate has letters and digits, at most \(PlateName.maximum); a country, as D or A")
        }
        return plate
    }

    func key() throws -> Bytes { try platform.keys.keyOrNew(of: ParkingPlan.plateSecret).rawRepresentation }

    /// The plate and the permission to collect for it, signed by the driver's wallet.
    private func register(_ input: FormInput, _ session: Session) throws -> [Platform.Wish] {
        let plate = try plate(input)
        let paper = (input["paper"] ?? "").trimmingCharacters(in: .whitespaces)
        guard !paper.isEmpty, let cap = UInt64(input["cap"] ?? ""), (1...1000).contains(cap),
            let lot = try platform.state.get(ParkingContract.lots, input["lot"] ?? "")
        else {
            throw Problem.badRequest("give the number of the registration paper, a lot, and a cap of 1 to 1000 points")
        }
        let mandate = "parking-\(input["lot"] ?? "")"
        var wishes: [Platform.Wish] = []
        if try platform.state.get(WalletContract.mandates, "\(session.participant)/\(mandate)") == nil {
            let terms: [(String, CBOR)] = [
                ("id", .text(mandate)), ("payee", .text(lot.operatorID)), ("currency", .text(lot.currency)),
                ("perPayment", .unsigned(cap * 100)), ("perPeriod", .unsigned(cap * 200)),
                ("period", .unsigned(86_400_000)), ("until", .unsigned(platform.now + Self.year)),
            ]
            wishes.append(.init(.init("wallet", "mandate", terms), about: session.participant))
        }
        let key = try key()
        wishes.append(
            ParkingRoutes.wish(
                "register",
                [
                    ("plate", .hash(plate.hash(key))), ("country", .text(plate.country)),
                    ("shape", .hash(plate.shape(key))), ("mandate", .text(mandate)),
                    ("proof", .hash(Hash32.sha256(Bytes(paper.utf8)))),
                ], about: "plate:\(plate.hash(key).hex)"))
        return wishes
    }

    // MARK: Pages

    private func home(_ session: Session) throws -> WorkPage {
        let stays = try parking.stays(of: session, limit: 60)
        let paid = stays.filter { $0.session.stage == .paid }.reduce(0) { $0 + $1.session.paid }
        let due = stays.filter { $0.session.stage == .claimed }
        let plates = try platform.state.scan(ParkingContract.plates, limit: 10_000)
            .filter { $0.value.owner == session.participant }
        let lots = try platform.state.scan(ParkingContract.lots, limit: 100)
        return WorkPage(
            kicker: "Automated parking", title: "My parking",
            lead: "Drive in, drive out. Your wallet pays within the caps you set; you need no phone on the way.",
            facts: [
                Fact(
                    "Plates", "\(plates.filter { $0.value.stage == .active }.count) in force",
                    note: plates.contains { $0.value.stage == .pending } ? "one is being checked" : nil),
                Fact(
                    "Paid", ParkingWords.money(paid), note: "stays shown below",
                    grounds: ParkingRoutes.grounds(stays.filter { $0.session.stage == .paid })),
                Fact(
                    "To be paid by you", "\(due.count)",
                    note: due.isEmpty ? nil : "no fee is added before the due date",
                    grounds: ParkingRoutes.grounds(due)),
                Fact("Wallet", "balance and statement", href: "/wallet"),
                Fact("Caps and permissions", "what may be collected, and end it", href: "/wallet"),
            ],
            tables: [
                Table(
                    caption: "Stays",
                    columns: [
                        .init("Entered"), .init("Where"), .init("Stayed", isNumeric: true),
                        .init("Price", isNumeric: true), .init("State"), .init("Look"),
                    ],
                    rows: try stays.map { key, stay in try row(key, stay) },
                    empty: .init("No stay yet. Drive into a lot below with a registered plate.")),
                Table(
                    caption: "Where you can park",
                    columns: [.init("Lot"), .init("Free", isNumeric: true), .init("Prices")],
                    rows: lots.map { id, lot in
                        [
                            .text(lot.name),
                            .text("\(lot.capacity - min(lot.capacity, lot.occupied)) of \(lot.capacity)"),
                            .link("See what a stay costs", href: "/parking/prices/\(id)"),
                        ]
                    }, empty: .init("No lot yet.")),
            ],
            forms: due.prefix(3).map { payForm($0.key, $0.session, session) } + [registration(lots, session)]
                + tagForm(plates.filter { $0.value.stage == .active }.map(\.key), session),
            current: "/parking")
    }

    private func row(_ key: String, _ stay: ParkingSession) throws -> [Table.Cell] {
        let lot = String(key.prefix { $0 != "/" })
        let (word, tone) = ParkingWords.stage(stay.stage)
        return [
            .time(ParkingWords.moment(stay.entry.time)),
            .text(try platform.state.get(ParkingContract.lots, lot)?.name ?? lot),
            .text(stay.exit.map { ParkingWords.length($0.time - stay.entry.time) } ?? ""),
            ParkingRoutes.price(key, stay), .mark(word, tone),
            .link("Receipt", href: "/parking/stays/\(key)"),
        ]
    }

    private func payForm(_ key: String, _ stay: ParkingSession, _ session: Session) -> Form {
        let total = stay.bill?.total ?? 0
        return Form(
            id: "pay-\(ParkingContract.paymentName(key))", title: "Pay \(ParkingWords.money(total))?",
            action: "/parking/pay", fields: [], fixed: [.init("session", key), .init("amount", "\(total)")],
            submit: "Pay \(ParkingWords.money(total))", csrfToken: session.formToken)
    }

    private func registration(_ lots: [(key: String, value: Lot)], _ session: Session) -> Form {
        Form(
            id: "register", title: "Register a plate", action: "/parking/register",
            fields: [
                .init("plate", label: "Plate", kind: .text(maximumLength: 16), hint: "As on the car: HB CR 2047"),
                .init("country", label: "Country on the plate", kind: .text(maximumLength: 3), value: "D"),
                .init(
                    "paper", label: "Number of the registration paper", kind: .text(maximumLength: 40),
                    hint: "The vehicle office checks that the car is yours. Only a hash is recorded."),
                .init("lot", label: "Where", kind: .choice(lots.map { .init($0.key, $0.value.name) })),
                .init(
                    "cap", label: "Pay at most, for one stay", kind: .number(unit: "points", step: "1"),
                    hint: "Twice as much in a day. A higher bill is paid only when you agree.", value: "30"),
            ], submit: "Register and allow payment", csrfToken: session.formToken)
    }

    private func receipt(_ key: String, _ stay: ParkingSession, _ session: Session) throws -> WorkPage {
        let lot = String(key.prefix { $0 != "/" })
        let record = try platform.state.get(ParkingContract.lots, lot)
        let (word, _) = ParkingWords.stage(stay.stage)
        var facts = [
            Fact("Where", record?.name ?? lot),
            Fact("Entered", ParkingWords.moment(stay.entry.time), grounds: ParkingRoutes.grounds(key, stay.entry)),
            Fact("State", word, note: stay.reason),
        ]
        if let exit = stay.exit {
            facts.append(
                Fact(
                    "Left", ParkingWords.moment(exit.time), note: ParkingWords.length(exit.time - stay.entry.time),
                    grounds: ParkingRoutes.grounds(key, exit)))
        }
        if let bill = stay.bill {
            facts += try Self.price(bill, key, stay, record, platform)
        }
        if let due = stay.due { facts.append(Fact("Due", ParkingWords.moment(due), note: "nothing is added before")) }
        if stay.refunded > 0 {
            facts.append(
                Fact("Refunded", ParkingWords.money(stay.refunded), grounds: Grounds(about: ["session:\(key)"])))
        }
        if let payment = stay.payment {
            facts.append(
                Fact(
                    "Payment", "check it in your browser",
                    href: "/ledgers/\(platform.node.ledger.hex)/transactions/\(payment.hex)"))
        }
        facts += [
            Fact("Tariff", "version \(stay.tariff), fixed when you entered", href: "/parking/prices/\(lot)"),
            Fact("Picture at the entry", String(stay.entry.image.hex.prefix(16)), style: .code),
        ]
        let isMine = stay.driver == session.participant || stay.payer == session.participant
        var forms: [Form] = []
        if isMine, stay.stage == .claimed { forms.append(payForm(key, stay, session)) }
        if isMine, [.paid, .claimed].contains(stay.stage) {
            forms.append(
                Form(
                    id: "dispute", title: "Is something wrong?", action: "/parking/dispute",
                    fields: [.init("reason", label: "What is wrong", kind: .text(maximumLength: 200))],
                    fixed: [.init("session", key)], submit: "Dispute this charge", csrfToken: session.formToken))
        }
        return WorkPage(
            kicker: "Automated parking", title: "Receipt", facts: facts,
            tables: [BillTable.table(stay.bill)], forms: forms)
    }

    /// Net, tax by the rule that held at the entry, gross, and who sold: what a receipt needs in most places.
    private static func price(
        _ bill: Bill, _ key: String, _ stay: ParkingSession, _ lot: Lot?, _ platform: Platform
    ) throws -> [Fact] {
        let name = String(key.prefix { $0 != "/" })
        let tariff = try platform.state.get(ParkingContract.tariffs, "\(name)/\(stay.tariff)")?.tariff
        let rule = tariff?.taxRule ?? TaxRule()
        let rates = Set(tariff?.tables.map(\.tax) ?? [])
        let rate = rates.count == 1 ? rates.first.map { " \(ParkingWords.percent($0))" } ?? "" : ""
        return [
            Fact("Price", ParkingWords.money(bill.total), grounds: Grounds(about: ["session:\(key)"])),
            Fact("Without tax", ParkingWords.money(bill.total - min(bill.total, bill.tax))),
            Fact("\(rule.label)\(rate)", ParkingWords.money(bill.tax), note: "contained in the price"),
            Fact("Sold by", lot.map { platform.name(of: $0.operatorID) } ?? "", note: rule.number),
            Fact("Receipt number", ParkingContract.paymentName(key), style: .code),
        ]
    }

    private func visitor(_ session: Session?, found: [(key: String, session: ParkingSession)]?) -> WorkPage {
        WorkPage(
            kicker: "Automated parking", title: "Parked without an account?",
            lead:
                "The same tariff, and no fee is added before the due date. Pay at the kiosk, the desk, or with any wallet.",
            tables: (found.map { found in
                [
                    Table(
                        caption: "Stays of this plate",
                        columns: [
                            .init("Entered"), .init("Stayed", isNumeric: true), .init("Price", isNumeric: true),
                            .init("State"), .init("Number"),
                        ],
                        rows: found.map { key, stay in
                            let (word, tone) = ParkingWords.stage(stay.stage)
                            return [
                                .time(ParkingWords.moment(stay.entry.time)),
                                .text(stay.exit.map { ParkingWords.length($0.time - stay.entry.time) } ?? "still in"),
                                .text(stay.bill.map { ParkingWords.money($0.total) } ?? ""), .mark(word, tone),
                                .text(key),
                            ]
                        }, empty: .init("No open stay of this plate that somebody without an account has to pay."))
                ]
            } ?? []),
            forms: [
                Form(
                    id: "find", title: "Find your stay", action: "/parking/visitor",
                    fields: [
                        .init("plate", label: "Plate", kind: .text(maximumLength: 16)),
                        .init("country", label: "Country on the plate", kind: .text(maximumLength: 3), value: "D"),
                    ], submit: "Find", csrfToken: session?.formToken ?? "")
            ], current: "/parking/visitor")
    }

    /// Stays that nobody's account answers for. Those of accounts are their own business.
    private func stays(of plate: PlateName) throws -> [(key: String, session: ParkingSession)] {
        let hash = try plate.hash(key())
        let keys = try platform.state.scan(ParkingContract.claims, prefix: "\(hash.hex)/", limit: 50).map {
            String($0.key.dropFirst(65))
        }
        return try keys.compactMap { key in
            try platform.state.get(ParkingContract.sessions, key).map { (key, $0) }
        }
    }
}
