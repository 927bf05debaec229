import ContractKit

/// What always holds of receipts and loans.
extension ChattelContract {
    private static let page = 1_000_000

    public var invariants: [Invariant] { [onePledge, oneController, weightIsConserved, loansAreCounted] }

    private var onePledge: Invariant {
        Invariant("a receipt secures one loan, and that loan knows it and its bank controls it") {
            state throws(ContractError) in
            var violations: [String] = []
            for (number, receipt) in try state.scan(Self.receipts, limit: Self.page) {
                if try state.get(Self.pledges, number) != receipt.loan {
                    violations.append("\(number): the pledges and the receipt differ")
                }
                guard let id = receipt.loan else { continue }
                let loan = try state.get(Self.loans, id)
                if loan?.receipts.contains(number) != true || loan?.bank != receipt.title.holder {
                    violations.append("\(number) is pledged to \(id), which does not have it or not control of it")
                }
            }
            for (id, loan) in try state.scan(Self.loans, limit: Self.page) {
                for number in loan.receipts where try state.get(Self.receipts, number)?.loan != id {
                    violations.append("the loan \(id) counts on \(number), which secures another or none")
                }
            }
            return violations
        }
    }

    private var oneController: Invariant {
        Invariant("a receipt in force has one owner and one holder, and one that ended has none") {
            state throws(ContractError) in
            try state.scan(Self.receipts, limit: Self.page).compactMap { number, receipt in
                let title = receipt.title
                let isLive = title.stage == .issued || title.stage == .surrendered
                return isLive == title.holder.isEmpty || isLive == title.beneficiary.isEmpty
                    ? "\(number) is \(title.stage.rawValue) and held by \"\(title.holder)\"" : nil
            }
        }
    }

    private var weightIsConserved: Invariant {
        Invariant("the receipts of a lot are for no more than was declared and seen") { state throws(ContractError) in
            var violations: [String] = []
            for (name, lot) in try state.scan(Self.lots, limit: Self.page) {
                var (grams, count): (UInt64, UInt64) = (0, 0)
                for number in lot.receipts {
                    guard let receipt = try state.get(Self.receipts, number) else {
                        violations.append("\(name) names \(number), which does not exist")
                        continue
                    }
                    grams = try grams.adding(receipt.grams)
                    count = try count.adding(receipt.count)
                }
                if grams > lot.grams || count > lot.count {
                    violations.append("\(name): receipts for \(grams) g of \(lot.grams) g, \(count) of \(lot.count)")
                }
            }
            return violations
        }
    }

    private var loansAreCounted: Invariant {
        Invariant("what a bank has out to an enterprise is the sum of its loans") { state throws(ContractError) in
            var violations: [String] = []
            let loans = try state.scan(Self.loans, limit: Self.page)
            for (key, exposure) in try state.scan(Self.exposures, limit: Self.page) {
                var sum: UInt64 = 0
                for (_, loan) in loans where "\(loan.bank)/\(loan.enterprise)" == key {
                    sum = try sum.adding(loan.outstanding)
                }
                if sum != exposure { violations.append("\(key): \(exposure), loans of \(sum)") }
            }
            return violations
        }
    }
}
