import APIKit
import AutomatedParkingContract
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Pages of a lot's operator: what is in, what came in, what needs a person, and the tariff.
struct OperatorRoutes: Sendable {
    let platform: Platform

    private var parking: ParkingRoutes { ParkingRoutes(platform: platform) }

    var routes: [Route] {
        [
            Route(
                .get, "/parking/lots", "My car parks", tag: ParkingRoutes.tag,
                access: .role(ParkingContract.Role.lotOperator), produces: "text/html"
            ) { request in
                let session = try request.requireSession()
                return try platform.page(try lots(session), session)
            },
            act("/parking/decide", "Decide a case") { input, _ in
                guard let review = input["review"], let reason = input["reason"], !reason.isEmpty else {
                    throw Problem.badRequest("say what you decide, and why")
                }
                var arguments: [(String, CBOR)] = [("review", .text(review)), ("reason", .text(reason))]
                if let plate = input["plate"].flatMap({ Hash32(hex: $0) }) { arguments.append(("plate", .hash(plate))) }
                if let points = input["refund"].flatMap(Double.init), points > 0, points < 1e6 {
                    arguments.append(("refund", .unsigned(UInt64((points * 100).rounded()))))
                }
                return [ParkingRoutes.wish("decide", arguments, about: "review:\(review)")]
            },
            act("/parking/desk", "A visitor paid at the desk") { input, _ in
                guard let key = input["session"], let amount = UInt64(input["amount"] ?? ""),
                    let method = input["method"]
                else { throw Problem.badRequest("say which stay, how much, and how") }
                return [
                    ParkingRoutes.wish(
                        "desk", [("session", .text(key)), ("amount", .unsigned(amount)), ("method", .text(method))],
                        about: "session:\(key)")
                ]
            },
            act("/parking/tariff", "Publish a tariff") { input, _ in try publish(input) },
            act("/parking/maintained", "Say that a device was looked after") { input, _ in
                let device = try input.text("device")
                return [ParkingRoutes.wish("maintained", [("device", .text(device))], about: device)]
            },
        ]
    }

    private func act(
        _ path: String, _ summary: String,
        _ wishes: @escaping @Sendable (FormInput, Session) throws -> [Platform.Wish]
    ) -> Route {
        parking.act(
            path, summary, role: ParkingContract.Role.lotOperator,
            back: .init(title: "My car parks", href: "/parking/lots"), wishes)
    }

    private func publish(_ input: FormInput) throws -> [Platform.Wish] {
        func number(_ name: String, _ range: ClosedRange<Double>) throws -> UInt64 {
            guard let value = Double(input[name] ?? ""), range.contains(value) else {
                throw Problem.badRequest("\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return UInt64((value * 100).rounded())
        }
        let lot = input["lot"] ?? ""
        let (_, current) = try parking.tariff(lot)
        let tariff = TariffForm(
            firstHour: try number("firstHour", 0...1000), halfHour: try number("halfHour", 0...1000),
            daily: try number("daily", 0...10_000), grace: try number("grace", 0...120) / 100 * 60
        ).tariff(current.zone, tax: current.tables.first?.tax ?? 0, rule: current.taxRule)
        // A minute's notice, and some for the way to the ledger.
        let from = platform.now + 60_000 + 30_000
        return [
            ParkingRoutes.wish(
                "tariff", [("lot", .text(lot)), ("tariff", .bytes(tariff.cbor.encoded())), ("from", .unsigned(from))],
                about: "lot:\(lot)")
        ]
    }

    // MARK: The page

    private func lots(_ session: Session) throws -> WorkPage {
        let lots = try platform.state.scan(ParkingContract.lots, limit: 1000)
            .filter { $0.value.operatorID == session.participant }
        let stays = try parking.stays(of: session, limit: 200)
        let ended = stays.filter { $0.session.exit != nil }
        let byHand = ended.filter {
            [.held, .refunded].contains($0.session.stage) || $0.session.reason?.hasPrefix("paid at the desk") == true
        }
        let revenue = stays.reduce(0) { $0 + $1.session.paid - $1.session.refunded }
        let cases = try lots.flatMap { id, _ in
            try platform.state.scan(ParkingContract.reviews, prefix: "\(id)/", limit: 1000)
                .map { (key: $0.key, review: $0.value) }
        }
        let open = cases.filter { $0.review.decision == nil }
        let disputes = cases.filter { $0.review.kind == .dispute }.count
        let automatic = ended.isEmpty ? "" : "\((ended.count - byHand.count) * 100 / ended.count) %"
        let calls = try maintenanceCalls(of: Set(lots.map(\.key)))
        return WorkPage(
            kicker: "Automated parking", title: "My car parks",
            lead: "What is in, what came in, and the few stays that need a person.",
            facts: try lots.map { Fact($0.value.name, "\($0.value.occupied) of \($0.value.capacity) spaces taken") }
                + bayFacts(session) + savedTime(ended) + [
                    Fact(
                        "Revenue", ParkingWords.money(revenue), note: "of the latest \(stays.count) stays",
                        grounds: ParkingRoutes.grounds(stays.filter { $0.session.paid > 0 })),
                    Fact(
                        "Without a hand", automatic,
                        note: "\(ended.count - byHand.count) of \(ended.count) stays",
                        grounds: ParkingRoutes.grounds(ended)),
                    Fact("Doubtful cases", "\(open.count) open", note: "\(disputes) disputes of \(ended.count) stays"),
                ],
            tables: [
                try casesTable(cases.suffix(40).reversed()), maintenanceTable(calls), try staysTable(stays.prefix(60)),
            ],
            forms: open.prefix(3).map { decideForm($0.key, $0.review, session) }
                + stays.filter { $0.session.stage == .claimed && $0.session.driver == nil }.prefix(2).map {
                    deskForm($0.key, $0.session, session)
                } + calls.prefix(2).map { maintainedForm($0.device, session) }
                + (lots.isEmpty ? [] : [tariffForm(lots, session)]),
            current: "/parking/lots")
    }

    private func casesTable(_ cases: [(key: String, review: Review)]) throws -> Table {
        Table(
            caption: "Cases for a person",
            columns: [
                .init("Since"), .init("What"), .init("Why"), .init("Sure to", isNumeric: true), .init("Last seen"),
                .init("Decision"), .init("By"),
            ],
            rows: try cases.map { key, review in
                [
                    .time(ParkingWords.moment(review.opened)), .text(ParkingWords.kind(review.kind)),
                    .text(review.reason), .text(review.passage.map { "\($0.confidence / 10) %" } ?? ""),
                    try lastSeen(review),
                    review.decision.map { .text($0) } ?? .mark("Open", .bad),
                    .text(review.decidedBy.map(platform.name) ?? ""),
                ]
            },
            empty: .init(
                "No doubtful case. They appear when a plate is weak, looks like another, or an exit is missing."))
    }

    /// The passage that the case rests on, by lane and time; its evidence has the camera's signed message.
    private func lastSeen(_ review: Review) throws -> Table.Cell {
        guard let passage = review.passage else { return .text("") }
        let lane = try platform.state.get(ParkingContract.lanes, passage.device)?.name ?? passage.device
        let name = review.session.map { "session:\($0)" } ?? "image:\(passage.image.hex)"
        return .link(
            "\(lane), \(ParkingWords.moment(passage.time).text)",
            href: Grounds(
                about: [name], devices: [passage.device], from: passage.time, to: passage.time + 1
            ).href)
    }

    private func staysTable(_ stays: ArraySlice<(key: String, session: ParkingSession)>) throws -> Table {
        Table(
            caption: "Latest stays",
            columns: [
                .init("Entered"), .init("Lot"), .init("Stayed", isNumeric: true), .init("Price", isNumeric: true),
                .init("State"), .init("Look"),
            ],
            rows: try stays.map { key, stay in
                let lot = String(key.prefix { $0 != "/" })
                let (word, tone) = ParkingWords.stage(stay.stage)
                return [
                    .time(ParkingWords.moment(stay.entry.time)),
                    .text(try platform.state.get(ParkingContract.lots, lot)?.name ?? lot),
                    .text(stay.exit.map { ParkingWords.length($0.time - stay.entry.time) } ?? ""),
                    ParkingRoutes.price(key, stay),
                    .mark(stay.stage == .billed ? "Wallet is asked" : word, tone),
                    .link("Receipt", href: "/parking/stays/\(key)"),
                ]
            }, empty: .init("No car yet."))
    }

    private func decideForm(_ key: String, _ review: Review, _ session: Session) -> Form {
        let choices = review.candidates.enumerated().map { number, plate in
            let owner = (try? platform.state.get(ParkingContract.plates, plate.hex))?.map {
                platform.name(of: $0.owner)
            }
            return Form.Choice(plate.hex, "Car \(number + 1), of \(owner ?? "nobody's account")")
        }
        var fields: [Form.Field] = []
        if [.weak, .similar].contains(review.kind), !choices.isEmpty {
            fields.append(
                .init(
                    "plate", label: "Whose car it was", kind: .choice([.init("", "Not certain: dismiss")] + choices),
                    isRequired: false))
        }
        if hasLeft(review), let plate = review.candidates.first {
            fields.append(
                .init(
                    "plate", label: "An exit was seen later",
                    kind: .choice([
                        .init("", "Not certain: end without charge"),
                        .init(plate.hex, "It was this car: bill to the limit"),
                    ]), isRequired: false))
        }
        if review.kind == .dispute {
            fields.append(
                .init(
                    "refund", label: "Give back", kind: .number(unit: "points", step: "0.01"), value: "0",
                    isRequired: false))
        }
        fields.append(.init("reason", label: "Your reason", kind: .text(maximumLength: 200)))
        return Form(
            id: "decide-\(ParkingContract.paymentName(key))",
            title: "\(ParkingWords.kind(review.kind)): \(review.reason)",
            action: "/parking/decide", fields: fields, fixed: [.init("review", key)], submit: "Decide",
            csrfToken: session.formToken)
    }

    /// A case of a missing exit whose car was seen to leave after all: it can be billed, and only then.
    private func hasLeft(_ review: Review) -> Bool {
        guard review.kind == .noExit, let key = review.session else { return false }
        return (try? platform.state.get(ParkingContract.sessions, key))?.exit != nil
    }

    private func deskForm(_ key: String, _ stay: ParkingSession, _ session: Session) -> Form {
        let total = stay.bill?.total ?? 0
        return Form(
            id: "desk-\(ParkingContract.paymentName(key))", title: "Visitor \(key) paid \(ParkingWords.money(total))",
            action: "/parking/desk",
            fields: [.init("method", label: "How", kind: .choice([.init("cash", "Cash"), .init("card", "Card")]))],
            fixed: [.init("session", key), .init("amount", "\(total)")], submit: "Record the payment",
            csrfToken: session.formToken)
    }

    private func tariffForm(_ lots: [(key: String, value: Lot)], _ session: Session) -> Form {
        Form(
            id: "tariff", title: "Publish a new tariff for \(lots.first?.value.name ?? "")", action: "/parking/tariff",
            fields: [
                .init("firstHour", label: "First hour", kind: .number(unit: "points", step: "0.01"), value: "2.00"),
                .init(
                    "halfHour", label: "Each started half hour after it", kind: .number(unit: "points", step: "0.01"),
                    value: "1.00"),
                .init(
                    "daily", label: "At most in 24 hours", kind: .number(unit: "points", step: "0.01"), value: "24.00"),
                .init(
                    "grace", label: "Free when leaving within", kind: .number(unit: "min", step: "1"),
                    hint: "It holds for cars that enter a minute and a half from now; cars that are in keep theirs.",
                    value: "10"),
            ], fixed: [.init("lot", lots.first?.key ?? "")], submit: "Publish", csrfToken: session.formToken)
    }
}
