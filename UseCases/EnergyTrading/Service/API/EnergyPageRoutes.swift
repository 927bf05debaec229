import APIKit
import ContractKit
import EnergyTradingContract
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// Pages of a microgrid: a household's bill, and the aggregator's market.
struct EnergyPageRoutes: Sendable {
    let platform: Platform
    let plan: MicrogridPlan
    let border: BorderWatch

    private var data: EnergyRoutes { EnergyRoutes(platform: platform, plan: plan) }

    var routes: [Route] {
        [
            Route(.get, "/energy", "My bill", tag: "energy", produces: "text/html") { request in
                let session = try request.requireSession()
                return try platform.page(try bill(session), session)
            },
            Route(
                .get, "/energy/intervals/{interval}", "One interval of my bill", tag: "energy",
                parameters: [.init("interval", in: .path, "Start, ms since 1970", .integer(0...Int64.max))],
                produces: "text/html"
            ) { request in
                let session = try request.requireSession()
                return try platform.page(try interval(try request.parameter("interval"), session), session)
            },
            Route(
                .get, "/energy/market", "The market of the microgrid", tag: "energy",
                access: .role(EnergyContract.Role.aggregator), produces: "text/html"
            ) { request in
                try platform.page(try market(), request.session)
            },
            Route(
                .get, "/api/v1/energy/border", "Whether the ledger between microgrids answers, and since when not",
                tag: "energy", access: .role(EnergyContract.Role.aggregator)
            ) { _ in
                switch border.line {
                case .none: .json(["state": "none"])
                case .up(let heard): .json(["state": "up", "heard": heard])
                case .down(let since, let why): .json(["state": "down", "since": since, "reason": why])
                }
            },
            act("/energy/accept", "Accept a trade") { input in
                (
                    "accept",
                    [
                        ("interval", .unsigned(try Self.number(input, "interval"))),
                        ("trade", .unsigned(try Self.number(input, "trade"))),
                    ]
                )
            },
            act("/energy/standing", "Accept trades ahead") { input in
                guard let points = Double(input["floor"] ?? ""), (0...100_000).contains(points) else {
                    throw Problem.badRequest("the lowest price is a number of points from 0 to 100,000")
                }
                let year: UInt64 = 365 * 86_400_000
                return (
                    "standing",
                    [
                        ("until", .unsigned(platform.now + year)),
                        ("floor", .unsigned(UInt64((points * 100_000).rounded()))),
                    ]
                )
            },
        ]
    }

    private static func number(_ input: FormInput, _ name: String) throws -> UInt64 {
        guard let number = UInt64(input[name] ?? "") else { throw Problem.badRequest("\(name) is missing") }
        return number
    }

    private func act(
        _ path: String, _ summary: String,
        _ make: @escaping @Sendable (FormInput) throws -> (name: String, arguments: [(String, CBOR)])
    ) -> Route {
        platform.form(path, summary, tag: "energy", access: .role(EnergyContract.Role.prosumer)) { input, session in
            let (name, arguments) = try make(input)
            return try await platform.submit(
                [.init(.init(EnergyContract.contractName, name, arguments), about: session.participant)], as: session,
                title: "Recorded", back: .init(title: "My bill", href: "/energy"))
        }
    }

    // MARK: A household

    private func bill(_ session: Session) throws -> WorkPage {
        let trades = try data.ownTrades(of: session, limit: 400)
        let me = session.participant
        let paid = trades.filter { [.paid, .confirmed].contains($0.trade.stage) }
        let sales = paid.filter { $0.trade.seller == me }
        let purchases = paid.filter { $0.trade.buyer == me }
        let earned = sales.reduce(0) { $0 + ($1.trade.amount ?? 0) }
        let spent = purchases.reduce(0) { $0 + ($1.trade.amount ?? 0) }
        let sold = sales.reduce(0) { $0 + ($1.trade.delivered ?? 0) }
        let bought = purchases.reduce(0) { $0 + ($1.trade.delivered ?? 0) }
        let sums = try EnergyBill(me, on: platform, plan: plan)
        let intervals = Dictionary(grouping: trades) { $0.key.prefix { $0 != "/" } }.sorted { $0.key > $1.key }
        return WorkPage(
            kicker: plan.title, title: "My energy",
            lead: "What you traded with your neighbours. Each line opens to its interval and its signed readings.",
            facts: [
                Fact("Sold", EnergyWords.energy(sold), grounds: grounds(sales)),
                Fact("Earned", "\(EnergyWords.points(earned)) points", grounds: grounds(sales)),
                Fact("Bought", EnergyWords.energy(bought), grounds: grounds(purchases)),
                Fact("Spent", "\(EnergyWords.points(spent)) points", grounds: grounds(purchases)),
                Fact(
                    sums.saved < 0 ? "More than at the utility" : "Less than at the utility",
                    "\(EnergyWords.points(sums.saved.magnitude)) points",
                    href: "/api/v1/energy/bill",
                    note:
                        "over \(sums.lines.count) intervals that are paid for: the utility takes \(EnergyWords.price(sums.utility.takes)) and gives \(EnergyWords.price(sums.utility.gives)) points a kWh"
                ),
                Fact("Wallet", "balance and statement", href: "/wallet"),
                try credit(me),
            ],
            charts: [try chart(of: session)],
            tables: [
                Table(
                    caption: "Intervals",
                    columns: [
                        .init("Interval"), .init("Sold", isNumeric: true), .init("Bought", isNumeric: true),
                        .init("Points", isNumeric: true), .init("State"), .init("Look"),
                    ],
                    rows: intervals.prefix(60).map { start, parts in row(String(start), parts.map(\.trade), me) },
                    empty: .init(
                        "No trade yet. Your orders go out by themselves as soon as your meter reports a surplus or a need."
                    )),
                try agreements(me),
            ] + (try data.sessionTable(of: session).map { [$0] } ?? []),
            forms: [standingForm(session)]
                + trades.filter { $0.trade.seller == me && $0.trade.stage == .proposed }.prefix(3)
                .map { acceptForm($0.key, $0.trade, session) }, current: "/energy")
    }

    private func credit(_ participant: String) throws -> Fact {
        let credit = try platform.state.get(EnergyContract.credits, participant) ?? Credit()
        let counts = zip(Credit.Entry.allCases, credit.counts).filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }
        return Fact(
            "Credit", "\(credit.points) of \(Credit.most) points",
            note: counts.isEmpty ? "as everybody begins" : counts.joined(separator: ", "))
    }

    /// What the household agreed on with neighbours, as seller or buyer.
    private func agreements(_ participant: String) throws -> Table {
        let all = try platform.state.scan(EnergyContract.agreements, limit: 1000).map(\.value)
            .filter { $0.seller == participant || $0.buyer == participant }
        return Table(
            caption: "Agreements",
            columns: [
                .init("With"), .init("You"), .init("In each interval", isNumeric: true),
                .init("Price a kWh", isNumeric: true), .init("Until"), .init("State"),
            ],
            rows: all.map { agreement in
                let isSeller = agreement.seller == participant
                return [
                    .text(platform.name(of: isSeller ? agreement.buyer : agreement.seller)),
                    .text(isSeller ? "sell" : "buy"), .text(EnergyWords.energy(agreement.energy)),
                    .text(EnergyWords.price(agreement.price)), .time(Moment(milliseconds: Int64(agreement.to))),
                    agreement.signedBy == nil ? .mark("Offered", .neutral) : .mark("Signed by both", .good),
                ]
            }, empty: .init("You sell and buy in the auction alone."))
    }

    /// The meter's readings and orders behind trades: of the records about their intervals a household reads its own.
    private func grounds(_ trades: [(key: String, trade: Trade)]) -> Grounds? {
        let intervals = Set(trades.map { "interval:\($0.key.prefix { $0 != "/" })" })
        return intervals.isEmpty ? nil : Grounds(about: intervals.sorted())
    }

    private func row(_ start: String, _ trades: [Trade], _ me: String) -> [Table.Cell] {
        let sold = trades.filter { $0.seller == me }
        let bought = trades.filter { $0.buyer == me }
        func sum(_ trades: [Trade]) -> UInt64 { trades.reduce(0) { $0 + ($1.delivered ?? $1.energy) } }
        let money =
            Int64(sold.reduce(0) { $0 + ($1.amount ?? 0) }) - Int64(bought.reduce(0) { $0 + ($1.amount ?? 0) })
        let (word, tone) = EnergyWords.stage(trades.map(\.stage).first { $0 != .confirmed && $0 != .paid } ?? .paid)
        return [
            .time(EnergyWords.moment(start)), .text(sold.isEmpty ? "" : EnergyWords.energy(sum(sold))),
            .text(bought.isEmpty ? "" : EnergyWords.energy(sum(bought))),
            .text((money < 0 ? "−" : "") + EnergyWords.points(UInt64(abs(money)))), .mark(word, tone),
            .link("Open", href: "/energy/intervals/\(start)"),
        ]
    }

    /// Power at the own meter, as the portal may open it for the owner.
    private func chart(of session: Session) throws -> LineChart {
        let meter = try platform.state.get(EnergyContract.prosumers, session.participant)?.meter
        let readings = try meter.map {
            try platform.readings(for: session).readings(
                device: $0, quantity: "power", from: platform.now - 600_000, limit: LineChart.maximumPoints)
        }
        return LineChart(
            title: "Power at your meter", unit: "W",
            series: [
                .init(
                    name: "Taken; below zero given", source: meter ?? "no meter",
                    points: (readings ?? []).map { .init(Moment(milliseconds: Int64($0.time)), $0.value) })
            ],
            grounds: meter.map {
                Grounds(devices: [$0], from: readings?.first?.time ?? 0, to: (readings?.last?.time ?? 0) + 1)
            })
    }

    private func standingForm(_ session: Session) -> Form {
        Form(
            id: "standing", title: "Accept trades ahead", action: "/energy/standing",
            fields: [
                .init(
                    "floor", label: "Lowest price for a kWh", kind: .number(unit: "points", step: "0.01"),
                    hint: "A trade at or above it needs no further word from you, for a year.", value: "0.80")
            ], submit: "Accept ahead", csrfToken: session.formToken)
    }

    private func acceptForm(_ key: String, _ trade: Trade, _ session: Session) -> Form {
        let parts = key.split(separator: "/").map(String.init)
        return Form(
            id: "accept-\(parts.joined(separator: "-"))",
            title: "Sell \(EnergyWords.energy(trade.energy)) at \(EnergyWords.price(trade.price)) points a kWh?",
            action: "/energy/accept", fields: [],
            fixed: [.init("interval", parts.first ?? ""), .init("trade", parts.last ?? "")], submit: "Accept",
            csrfToken: session.formToken)
    }

    private func interval(_ interval: String, _ session: Session) throws -> WorkPage {
        guard let clearing = try platform.state.get(EnergyContract.clearings, interval) else {
            throw Problem.notFound("interval \(interval)")
        }
        let me = session.participant
        let order = try platform.state.get(EnergyContract.orders, "\(interval)/\(me)")
        let metered = try platform.state.get(EnergyContract.meters, "\(interval)/\(me)")
        let mine = try platform.state.scan(EnergyContract.trades, prefix: "\(interval)/", limit: 2000)
            .filter { $0.value.seller == me || $0.value.buyer == me || me == plan.aggregator }
        let sold = mine.filter { $0.value.seller == me }.reduce(0) { $0 + ($1.value.delivered ?? 0) }
        let bought = mine.filter { $0.value.buyer == me }.reduce(0) { $0 + ($1.value.delivered ?? 0) }
        var facts = [
            Fact("Begins", EnergyWords.moment(interval)),
            Fact(
                "Price a kWh", clearing.price.map { "\(EnergyWords.price($0)) points" } ?? "none: nobody traded",
                grounds: Grounds(about: ["interval:\(interval)"])),
            Fact(
                "Computed again", "orders and result for your own check",
                href: "/api/v1/energy/intervals/\(interval)"),
        ]
        if let terms = order?.terms {
            facts.append(
                Fact(
                    "Your order", "\(terms.side == .sell ? "sell" : "buy") \(EnergyWords.energy(terms.energy))",
                    note: "limit \(EnergyWords.price(terms.price)) points a kWh"))
        }
        if let metered, let start = UInt64(interval) {
            let meter = try platform.state.get(EnergyContract.prosumers, me)?.meter
            let grounds = Grounds(
                about: ["interval:\(interval)"], devices: meter.map { [$0] } ?? [], from: start,
                to: start + MicrogridPlan.interval)
            facts += [
                Fact(
                    "Your meter took", EnergyWords.energy(metered.imported),
                    note: "\(EnergyWords.energy(bought)) traded, the rest from the utility", grounds: grounds),
                Fact(
                    "Your meter gave", EnergyWords.energy(metered.exported),
                    note: "\(EnergyWords.energy(sold)) traded, the rest to the utility", grounds: grounds),
                Fact("Signed messages", "\(metered.first) to \(metered.last)", note: "of your meter"),
            ]
        }
        return WorkPage(
            kicker: plan.title, title: "One interval", facts: facts,
            tables: [
                Table(
                    caption: "Trades",
                    columns: [
                        .init("Trade"), .init("Agreed", isNumeric: true), .init("Came", isNumeric: true),
                        .init("Points", isNumeric: true), .init("Accepted"), .init("State"), .init("Messages"),
                    ],
                    rows: mine.map { key, trade in
                        let (word, tone) = EnergyWords.stage(trade.stage)
                        return [
                            .text(trade.seller == me ? "You sold" : trade.buyer == me ? "You bought" : key),
                            .link(
                                EnergyWords.energy(trade.energy),
                                href: Grounds(about: ["trade:\(key)", "interval:\(interval)"]).href),
                            .text(trade.delivered.map(EnergyWords.energy) ?? ""),
                            .text(trade.amount.map(EnergyWords.points) ?? ""),
                            .text(trade.acceptedBy?.hasPrefix("standing") == true ? "ahead" : "by hand"),
                            .mark(word, tone),
                            // The messages are part of the ledger, which is for those who keep it.
                            me == plan.aggregator
                                ? .link("Sequence", href: "/sequence?about=trade:\(key)")
                                : .text("with your aggregator"),
                        ]
                    }, empty: .init("You did not trade in this interval."))
            ])
    }

    // MARK: The aggregator

    private func market() throws -> WorkPage {
        let clearings = try data.latestClearings(limit: 40)
        let disturbance = try platform.state.get(EnergyContract.disturbance, EnergyContract.grid)
        return WorkPage(
            kicker: plan.title, title: "The market",
            lead:
                "Orders are sealed until the gate closes; everybody pays and gets one price, which anyone can compute again.",
            facts: [EnergyWords.border(border.line)] + [disturbance.map(EnergyWords.grid)].compactMap { $0 },
            charts: [
                LineChart(
                    title: "Price", unit: "points a kWh",
                    series: [
                        .init(
                            name: "Uniform price", source: "auction",
                            points: clearings.reversed().compactMap { interval, clearing in
                                clearing.price.map {
                                    .init(Moment(milliseconds: Int64(interval)), Double($0) / 100_000)
                                }
                            })
                    ])
            ],
            tables: [
                Table(
                    caption: "Auctions",
                    columns: [
                        .init("Interval"), .init("Orders", isNumeric: true), .init("Not opened", isNumeric: true),
                        .init("Energy", isNumeric: true), .init("Price a kWh", isNumeric: true), .init("State"),
                        .init("Look"),
                    ],
                    rows: clearings.map { interval, clearing in
                        [
                            .time(Moment(milliseconds: Int64(interval))), .text("\(clearing.orders)"),
                            .text("\(clearing.unopened)"),
                            .link(
                                EnergyWords.energy(clearing.energy), href: Grounds(about: ["interval:\(interval)"]).href
                            ),
                            .text(clearing.price.map(EnergyWords.price) ?? "none"),
                            clearing.isSettled ? .mark("Settled", .good) : .mark("Under way", .neutral),
                            .link("Open", href: "/energy/intervals/\(interval)"),
                        ]
                    }, empty: .init("No auction yet. The first is held once somebody orders."))
            ], current: "/energy/market")
    }
}
