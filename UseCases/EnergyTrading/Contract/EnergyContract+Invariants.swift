import ContractKit

extension EnergyContract {
    private static let page = 1000

    public var invariants: [Invariant] { [soldOnce, allocatedWithinOrders, escrowed] }

    private var soldOnce: Invariant {
        Invariant("nobody sells more of an interval than was to spare") { state throws(ContractError) in
            var violations: [String] = []
            for (place, order) in try state.scan(Self.orders, limit: Self.page) where order.terms?.side == .sell {
                let participant = place.drop { $0 != "/" }.dropFirst()
                var (sold, agreed): (UInt64, UInt64) = (0, 0)
                for (_, trade) in try state.scan(
                    Self.trades, prefix: "\(place.prefix { $0 != "/" })/", limit: Self.page)
                where trade.seller == participant {
                    sold = try sold.adding(trade.energy)
                    if trade.agreement != nil { agreed = try agreed.adding(trade.energy) }
                }
                let surplus = try state.get(Self.surpluses, place) ?? 0
                if sold > surplus { violations.append("\(place) sold \(sold) Wh of \(surplus)") }
                if sold - agreed != order.matched {
                    violations.append("\(place): \(sold - agreed) Wh in trades, \(order.matched) matched")
                }
            }
            return violations
        }
    }

    private var allocatedWithinOrders: Invariant {
        Invariant("no order gets more than it asked for") { state throws(ContractError) in
            try state.scan(Self.orders, limit: Self.page).compactMap { key, order in
                order.matched > (order.terms?.energy ?? 0) ? "\(key) got \(order.matched) Wh" : nil
            }
        }
    }

    private var escrowed: Invariant {
        Invariant("money stands behind each trade that is not settled") { state throws(ContractError) in
            var violations: [String] = []
            for (key, trade) in try state.scan(Self.trades, limit: Self.page)
            where [.proposed, .accepted, .payable, .disputed].contains(trade.stage) {
                let parts = key.split(separator: "/").map(String.init)
                guard parts.count == 2 else { continue }
                let amount = try Auction.amount(trade.energy, at: trade.price)
                guard amount > 0 else { continue }
                // The currency is genesis's; the hold is found under whichever it has.
                let id = "/\(trade.buyer)/energy-\(parts[0])-\(parts[1])"
                let held = try state.scan(WalletContract.holds, limit: Self.page * 10)
                    .first { $0.key.hasSuffix(id) }?.value.amount
                if held != amount { violations.append("\(key): \(held ?? 0) is held for \(amount)") }
            }
            return violations
        }
    }
}
