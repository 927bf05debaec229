import ContractKit
import EnergyTradingContract
import EnergyTradingSimulator
import Foundation
import Ledger
import UseCaseKit

/// Table 13 of ISO/IEC TR 30176:2021 inside one microgrid, with two orders that must be refused.
struct EnergyScenario: Sendable {
    let stage: Stage
    let plan: MicrogridPlan
    private let field: EnergyStage

    init(stage: Stage, plan: MicrogridPlan) {
        self.stage = stage
        self.plan = plan
        field = EnergyStage(stage: stage, plan: plan)
    }

    func run() async throws {
        try await field.prepare()
        let simulation = try field.simulation()
        try await simulation.connect()
        let running = Task { try await simulation.run() }
        do {
            try await play(simulation)
        } catch {
            running.cancel()
            await simulation.close()
            throw error
        }
        running.cancel()
        _ = await running.result
        await simulation.close()
    }

    private func play(_ simulation: NeighbourhoodSimulation) async throws {
        // Registers need a reading before the interval begins.
        try await Task.sleep(for: .seconds(3))
        let seller = plan.homes[0]
        let interval = HomeAgent.nextInterval() + MicrogridPlan.interval
        var orders: [(home: MicrogridPlan.Home, terms: OrderTerms, salt: Bytes)] = []
        for home in plan.homes {
            let agent = HomeAgent(stage: field, home: home, simulation: simulation)
            guard let terms = try await agent.decide(interval).order else { continue }
            let salt = EnergyOperations.salt()
            orders.append((home, terms, salt))
            if terms.side == .sell {
                try await stage.step(
                    "T13.1", home.name, "EAG", EnergyOperations.surplus(interval, terms.energy), as: home.id,
                    about: home.id,
                    "\(terms.energy) Wh to spare from \(Self.clock(interval))")
            }
            try await stage.step(
                terms.side == .sell ? "T13.1" : "T13.2", home.name, "EAG",
                EnergyOperations.seal(terms, of: home.id, interval, salt: salt), as: home.id, about: home.id,
                "sealed order to \(terms.side.rawValue), readable by nobody before gate closure")
        }
        guard let offer = orders.first(where: { $0.home.id == seller.id && $0.terms.side == .sell }) else {
            throw ScenarioError("\(seller.name) has nothing to sell; the scenario needs the sun")
        }
        try await open(orders, offer, interval)
        let sold = try await clear(interval, orders.map { ($0.home.id, $0.terms, $0.salt) }, seller)
        try await deliver(interval, sold)
    }

    private func open(
        _ orders: [(home: MicrogridPlan.Home, terms: OrderTerms, salt: Bytes)],
        _ offer: (home: MicrogridPlan.Home, terms: OrderTerms, salt: Bytes), _ interval: UInt64
    ) async throws {
        try await HomeAgent.wait(until: interval - MicrogridPlan.gate + 400)
        try await stage.refusal(
            "T13.2", offer.home.name, "EAG",
            EnergyOperations.seal(offer.terms, of: offer.home.id, interval, salt: offer.salt), as: offer.home.id,
            about: offer.home.id, "an order after gate closure", code: "energy-101")
        for order in orders {
            try await stage.step(
                order.terms.side == .sell ? "T13.1" : "T13.2", order.home.name, "EAG",
                EnergyOperations.open(order.terms, interval, salt: order.salt), as: order.home.id, about: order.home.id,
                "\(order.terms.side.rawValue) \(order.terms.energy) Wh, limit \(order.terms.price) thousandths of a point"
            )
        }
        try await stage.refusal(
            "T13.1", offer.home.name, "EAG", EnergyOperations.open(offer.terms, interval, salt: offer.salt),
            as: offer.home.id, about: offer.home.id, "the same energy for a second time", code: "energy-104")
    }

    /// T13.3: the auction, computed again from the open orders by code that the contract does not run.
    private func clear(
        _ interval: UInt64, _ orders: [(id: String, terms: OrderTerms, salt: Bytes)], _ seller: MicrogridPlan.Home
    ) async throws -> (number: UInt64, trade: Trade) {
        try await HomeAgent.wait(until: interval - MicrogridPlan.clearing + 800)
        guard let value = try await stage.state("energy/clearings/\(interval)") else {
            throw ScenarioError("the auction of \(Self.clock(interval)) was not held")
        }
        let clearing = try Clearing(cbor: value)
        let entries = orders.map { order in
            Auction.Entry(
                key: order.terms.commitment(of: order.id, interval: interval, salt: order.salt), side: order.terms.side,
                energy: order.terms.energy, price: order.terms.price, isDivisible: order.terms.isDivisible)
        }
        let again = try Auction.clear(entries, k: 500)
        let rows = zip(entries, zip(orders, again.allocations)).map { entry, row in (entry.key, row.0.terms, row.1) }
        let isSame = again.price == clearing.price && Clearing.digest(rows, price: again.price) == clearing.digest
        stage.report(
            ScenarioStep(
                step: "T13.3", producer: "EAG", receiver: "Seller and buyers",
                exchanged:
                    "\(clearing.energy) Wh at \(clearing.price.map { "\($0)" } ?? "no") thousandths of a point a kWh; computed again, the same",
                transactionId: nil, blockHeight: nil, finalityMs: nil, receiptVerified: isSame))
        for number in 0..<clearing.trades {
            guard let value = try await stage.state("energy/trades/\(interval)/\(number)") else { continue }
            let trade = try Trade(cbor: value)
            guard trade.seller == seller.id else { continue }
            try await stage.step(
                "T13.3", seller.name, "EAG", EnergyOperations.accept(interval, number), as: seller.id,
                about: "trade:\(interval)/\(number)", "accepts \(trade.energy) Wh at \(trade.price)")
            return (number, trade)
        }
        throw ScenarioError("\(seller.name) sold nothing in the auction")
    }

    /// T13.4 to T13.7: energy flows, both meters tell, the buyer pays, everybody hears of it.
    private func deliver(_ interval: UInt64, _ sold: (number: UInt64, trade: Trade)) async throws {
        let key = "\(interval)/\(sold.number)"
        try await HomeAgent.wait(until: interval + MicrogridPlan.interval + 1000)
        var trade = sold.trade
        for _ in 0..<60 where trade.delivered == nil {
            try await Task.sleep(for: .milliseconds(300))
            guard let value = try await stage.state("energy/trades/\(key)") else { break }
            trade = try Trade(cbor: value)
        }
        guard let delivered = trade.delivered, let amount = trade.amount else {
            throw ScenarioError("the trade \(key) was not measured; it is \(trade.stage.rawValue)")
        }
        for party in [trade.seller, trade.buyer] { try await showMeter(of: party, interval) }
        try await stage.step(
            "T13.6", trade.buyer, "EAG", EnergyOperations.pay(interval, sold.number, amount), as: trade.buyer,
            about: "trade:\(key)",
            "pays \(amount) for \(delivered) Wh of \(trade.energy), as the contract's payable says")
        try await confirmed(key)
    }

    private func showMeter(of party: String, _ interval: UInt64) async throws {
        guard let value = try await stage.state("energy/meters/\(interval)/\(party)") else {
            throw ScenarioError("no meter of \(party) was read")
        }
        let metered = try Metered(cbor: value)
        let evidence = StageEvidence(stage)
        guard metered.first < metered.last else {
            throw ScenarioError("one message of \(party)'s meter is no interval")
        }
        stage.show(
            "T13.4", "Meter of \(party)", "IoT gateway",
            "P1 telegrams, messages \(metered.first) to \(metered.last), sealed",
            try await evidence.transaction(mentioning: "\(party).\(MeterNode.channel)") { $0.sealedBatch != nil })
        stage.show(
            "T13.5", "Meter of \(party)", "EAG",
            "took \(metered.imported) Wh, gave \(metered.exported) Wh in the interval",
            try await evidence.transaction(mentioning: "interval:\(interval)") {
                $0.operation.name == "measure" && $0.subject == party
            })
    }

    private func confirmed(_ key: String) async throws {
        let found = try await StageEvidence(stage).transaction(mentioning: "trade:\(key)") {
            $0.operation.name == "confirm"
        }
        guard let value = try await stage.state("energy/trades/\(key)"), let hash = try Trade(cbor: value).commitment
        else {
            throw ScenarioError("the aggregator did not confirm \(key)")
        }
        stage.show("T13.7", "EAG", "Every wallet", "trade \(key) confirmed: \(hash)", found)
    }

    static func clock(_ milliseconds: UInt64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(
            .iso8601.time(includingFractionalSeconds: false))
    }
}
