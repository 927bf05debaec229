import ContractKit

/// Uniform-price double auction of one interval.
///
/// The result has the largest energy that willing sellers and buyers can exchange, which is also the largest welfare for
/// step-shaped curves. Everybody pays or gets the same price: `k` thousandths of the way from the highest accepted ask to
/// the lowest accepted bid. What arrives first, what an order is called or how large it is changes nothing: orders of the
/// price at which energy runs short share in proportion to their size, and the watt-hours that do not divide go to those
/// with the largest remainders, then to the smallest keys, which are salted hashes.
public enum Auction {
    public struct Entry: Sendable, Hashable {
        /// Decides ties: the order's commitment.
        public let key: Hash32
        public let side: Side
        /// Wh.
        public let energy: UInt64
        public let price: UInt64
        public let isDivisible: Bool

        public init(key: Hash32, side: Side, energy: UInt64, price: UInt64, isDivisible: Bool = true) {
            self.key = key
            self.side = side
            self.energy = energy
            self.price = price
            self.isDivisible = isDivisible
        }
    }

    public struct Result: Sendable, Hashable {
        /// nil where nothing is exchanged: no price was found, which is not a price of 0.
        public let price: UInt64?
        /// Wh.
        public let energy: UInt64
        /// Wh for each entry, in the order in which the entries were given.
        public let allocations: [UInt64]
    }

    /// Most entries of one interval.
    public static let maximumEntries = 500

    /// - Parameter k: 0 is the highest accepted ask, 1000 the lowest accepted bid.
    public static func clear(_ entries: [Entry], k: UInt64) throws(ContractError) -> Result {
        // An order that may not be divided and would be is left out, the one with the smallest key first.
        var included = entries.indices.filter { entries[$0].energy > 0 }
        while true {
            let (price, energy, shares) = try match(included.map { entries[$0] }, k: k)
            var split: Int?
            for (place, index) in included.enumerated() where !entries[index].isDivisible {
                let isSplit = shares[place] > 0 && shares[place] < entries[index].energy
                if isSplit, split.map({ entries[index].key < entries[$0].key }) ?? true { split = index }
            }
            if let split {
                included.removeAll { $0 == split }
                continue
            }
            var allocations = [UInt64](repeating: 0, count: entries.count)
            for (place, index) in included.enumerated() { allocations[index] = shares[place] }
            return Result(price: price, energy: energy, allocations: allocations)
        }
    }

    private static func match(
        _ entries: [Entry], k: UInt64
    ) throws(ContractError) -> (price: UInt64?, energy: UInt64, shares: [UInt64]) {
        let asks = entries.indices.filter { entries[$0].side == .sell }.sorted { entries[$0].price < entries[$1].price }
        let bids = entries.indices.filter { entries[$0].side == .buy }.sorted { entries[$0].price > entries[$1].price }
        var (ask, bid) = (0, 0)
        var (askUsed, bidUsed): (UInt64, UInt64) = (0, 0)
        var energy: UInt64 = 0
        var margin: (ask: UInt64, bid: UInt64)?
        while ask < asks.count, bid < bids.count {
            let (seller, buyer) = (entries[asks[ask]], entries[bids[bid]])
            guard buyer.price >= seller.price else { break }
            let step = min(seller.energy - askUsed, buyer.energy - bidUsed)
            energy = try energy.adding(step)
            margin = (seller.price, buyer.price)
            askUsed += step
            bidUsed += step
            if askUsed == seller.energy { (ask, askUsed) = (ask + 1, 0) }
            if bidUsed == buyer.energy { (bid, bidUsed) = (bid + 1, 0) }
        }
        var shares = [UInt64](repeating: 0, count: entries.count)
        guard let margin else { return (nil, 0, shares) }
        try share(energy, among: asks, entries, into: &shares)
        try share(energy, among: bids, entries, into: &shares)
        let above = try (margin.bid - margin.ask).multiplied(by: k) / 1000
        return (try margin.ask.adding(above), energy, shares)
    }

    /// Fills the better prices whole and divides what is left among those of the last price.
    private static func share(
        _ energy: UInt64, among sorted: [Int], _ entries: [Entry], into shares: inout [UInt64]
    ) throws(ContractError) {
        var left = energy
        var start = 0
        while left > 0, start < sorted.count {
            let price = entries[sorted[start]].price
            let end = sorted[start...].firstIndex { entries[$0].price != price } ?? sorted.count
            let level = Array(sorted[start..<end])
            var total: UInt64 = 0
            for index in level { total = try total.adding(entries[index].energy) }
            if total <= left {
                for index in level { shares[index] = entries[index].energy }
                left -= total
            } else {
                try divide(left, among: level, total: total, entries, into: &shares)
                left = 0
            }
            start = end
        }
    }

    private static func divide(
        _ energy: UInt64, among level: [Int], total: UInt64, _ entries: [Entry], into shares: inout [UInt64]
    ) throws(ContractError) {
        var given: UInt64 = 0
        var remainders: [(index: Int, remainder: UInt64)] = []
        for index in level {
            // Whole and fraction of energy × size ÷ total, in full width.
            let (high, low) = energy.multipliedFullWidth(by: entries[index].energy)
            let (quotient, remainder) = total.dividingFullWidth((high, low))
            shares[index] = quotient
            given += quotient
            remainders.append((index, remainder))
        }
        remainders.sort {
            $0.remainder != $1.remainder
                ? $0.remainder > $1.remainder : entries[$0.index].key < entries[$1.index].key
        }
        for (index, _) in remainders.prefix(Int(energy - given)) { shares[index] += 1 }
    }

    /// What a number of watt-hours costs at a price for a kWh, in minor units. What is left of a minor unit stays with the
    /// buyer, so that the parts of an order never cost more than the whole.
    ///
    /// - Parameter price: thousandths of a minor unit for a kWh.
    public static func amount(_ energy: UInt64, at price: UInt64) throws(ContractError) -> UInt64 {
        try energy.multiplied(by: price) / 1_000_000
    }
}
