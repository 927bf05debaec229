import ContractKit

extension FishFarmingContract {
    public var invariants: [Invariant] {
        [
            Invariant("every decision follows from its model and its inputs", Self.decisions),
            Invariant("an offer's or cover's money is set aside, for whom it is promised", Self.holds),
            Invariant("an order serves one application at most", Self.orders),
            Invariant("no batch lost more fish than it had", Self.fish),
        ]
    }

    private static let scanLimit = 1_000_000

    @Sendable private static func decisions(_ state: any StateReader) throws(ContractError) -> [String] {
        var found: [String] = []
        for (key, loan) in try state.scan(loans, limit: scanLimit) where loan.decidedAt != nil {
            guard let model = try state.get(models, loan.model) else {
                found.append("the model of \(key) is gone")
                continue
            }
            if model.score(loan.features).points != loan.score {
                found.append("\(key) has another score than its inputs give")
            }
            if loan.amount > loan.asked || loan.amount > model.maximum {
                found.append("\(key) is larger than it may be")
            }
        }
        return found
    }

    @Sendable private static func holds(_ state: any StateReader) throws(ContractError) -> [String] {
        var found: [String] = []
        func check(_ payer: String, _ key: String, _ purpose: String, _ payee: String, _ amount: UInt64)
            throws(ContractError)
        {
            let hold = try state.get(WalletContract.holds, hold(payer, key, purpose))
            if hold?.amount != amount || hold?.payee != payee {
                found.append("the \(purpose) money of \(key) is not set aside")
            }
        }
        for (key, loan) in try state.scan(loans, limit: scanLimit) where loan.stage == .offered {
            try check(loan.institution, key, "loan", loan.payee, loan.amount)
        }
        for (key, cover) in try state.scan(covers, limit: scanLimit)
        where [.quoted, .live, .excluded, .paid].contains(cover.stage) {
            if cover.stage != .paid, cover.indexSum > 0 {
                try check(cover.insurer, key, "index", farmer(of: key), cover.indexSum)
            }
            if cover.auditPaid == 0 {
                try check(cover.insurer, key, "audit", farmer(of: key), cover.sum - cover.indexSum)
            }
        }
        return found
    }

    @Sendable private static func orders(_ state: any StateReader) throws(ContractError) -> [String] {
        var found: [String] = []
        for (key, loan) in try state.scan(loans, limit: scanLimit)
        where [.asked, .offered, .live, .repaid].contains(loan.stage) {
            if try state.get(orders, loan.order)?.usedBy != key {
                found.append("\(key) uses an order that is another's")
            }
        }
        return found
    }

    @Sendable private static func fish(_ state: any StateReader) throws(ContractError) -> [String] {
        try state.scan(batches, limit: scanLimit).filter { $0.value.dead > $0.value.count }
            .map { "\($0.key) lost \($0.value.dead) of \($0.value.count)" }
    }
}
