import EnergyTradingContract
import Foundation
import Ledger
import TestSupport
import Testing

@Suite("Double auction")
struct AuctionTests {
    /// Rates of the cases have five decimals, volumes at most three.
    private static let scale = 100_000.0

    private static func entries(_ pairs: [[Double]], _ side: Side, from first: Int) -> [Auction.Entry] {
        pairs.enumerated().map { index, pair in
            Auction.Entry(
                key: Hash32.sha256(Bytes("\(first + index)".utf8)), side: side,
                energy: UInt64((pair[1] * 1000).rounded()), price: UInt64((pair[0] * scale).rounded()))
        }
    }

    @Test("NRG-25: uniform-price cases of others, with the k that reproduces them")
    func outsideCases() throws {
        guard let url = Vectors.locate("energy/uniform_price_cases.json", cases: 9) else { return }
        let cases = try #require(try Vectors.json(url)["cases"] as? [[String: Any]])
        var checked = 0
        for item in cases {
            let id = try #require(item["id"] as? String)
            let entries =
                Self.entries(try #require(item["offers"] as? [[Double]]), .sell, from: 0)
                + Self.entries(try #require(item["bids"] as? [[Double]]), .buy, from: 1000)
            let rule = item["rule_that_reproduces"] as? String ?? ""
            let expected = item["expected_of_us"] as? [String: Any] ?? item
            let k: UInt64 = id.hasPrefix("simply") || rule.hasPrefix("k=0") ? 0 : 1000
            let result = try Auction.clear(entries, k: k)
            if let energy = expected["energy"] as? Double {
                #expect(result.energy == UInt64((energy * 1000).rounded()), "\(id)")
            }
            if let parts = item["energy_by_ask_in_price_order"] as? [Double] {
                let sorted = entries.indices.filter { entries[$0].side == .sell }
                    .sorted { entries[$0].price < entries[$1].price }
                let asks = sorted.map { Double(result.allocations[$0]) / 1000 }
                #expect(asks == parts, "\(id)")
            }
            let rate = expected["rate"] as? Double ?? expected["rate_k1"] as? Double
            let price: UInt64? = rate.map { UInt64(($0 * Self.scale).rounded()) }
            #expect(result.price == price, "\(id)")
            checked += 1
        }
        #expect(checked == cases.count && checked >= 9)
        print("uniform price: \(checked) cases")
    }

    @Test("NRG-25: on the order books of simply we match at least the energy and the welfare that others matched")
    func orderBooks() throws {
        guard let folder = Vectors.locate("energy/simply/projects/example_projects", cases: 2) else { return }
        var books = 0
        for orders in Vectors.files(in: folder, suffix: "orders.csv") {
            let rows = try Self.table(orders)
            let matches = try Self.table(orders.deletingLastPathComponent().appending(path: "matches.csv"))
            for (time, slot) in Dictionary(grouping: rows, by: Self.time) {
                var entries: [Auction.Entry] = []
                for row in slot { entries.append(try Self.entry(row, number: entries.count)) }
                let result = try Auction.clear(entries, k: 500)
                let others: Double = matches.filter { Self.time($0) == time }.map(Self.energy).reduce(0, +)
                let ours = Double(result.energy) / 1000
                #expect(ours >= others - 0.001, "\(time): \(ours) kWh, others \(others)")
            }
            books += 1
        }
        #expect(books == 2)
        print("order books: \(books)")
    }

    private static func entry(_ row: [String: String], number: Int) throws -> Auction.Entry {
        func value(_ name: String) throws -> Double { try #require(Double(row[name] ?? "")) }
        // A market maker is written as the largest number there is.
        let energy: Double = min(try value("energy") * 1000, 1e12).rounded(.up)
        let price: Double = (try value("price") * scale).rounded()
        let side: Side = try value("type") > 0 ? .sell : .buy
        return Auction.Entry(
            key: Hash32.sha256(Bytes("\(number)".utf8)), side: side, energy: UInt64(energy), price: UInt64(price))
    }

    private static func time(_ row: [String: String]) -> Double { Double(row["time"] ?? "") ?? -1 }
    private static func energy(_ row: [String: String]) -> Double { Double(row["energy"] ?? "") ?? 0 }

    private static func table(_ url: URL) throws -> [[String: String]] {
        let lines = try String(contentsOf: url, encoding: .utf8).split(whereSeparator: \.isNewline)
        let head = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return lines.dropFirst().map { line in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return Dictionary(zip(head, cells)) { $1 }
        }
    }

    @Test(
        "NRG-9, NRG-34: any order of arrival gives the same result; nobody is worse off than its limit; nothing is left that could trade"
    )
    func properties() throws {
        var random = SeededGenerator.fresh()
        for _ in 0..<400 {
            let entries = (0..<Int.random(in: 0...20, using: &random)).map { index in
                Auction.Entry(
                    key: Hash32.sha256(Bytes("\(index)-\(UInt64.random(in: 0 ... .max, using: &random))".utf8)),
                    side: Bool.random(using: &random) ? .sell : .buy,
                    energy: UInt64.random(in: 1...50, using: &random),
                    price: UInt64.random(in: 1...8, using: &random) * 1000,
                    isDivisible: UInt8.random(in: 0..<5, using: &random) > 0)
            }
            let k = UInt64.random(in: 0...1000, using: &random)
            let result = try Auction.clear(entries, k: k)
            let (sold, bought) = Self.sums(entries, result)
            #expect(sold == result.energy && bought == result.energy)
            for (entry, share) in zip(entries, result.allocations) where share > 0 {
                let price = try #require(result.price)
                #expect(entry.side == .sell ? price >= entry.price : price <= entry.price)
                #expect(share <= entry.energy && (entry.isDivisible || share == entry.energy))
            }
            let order = entries.indices.shuffled(using: &random)
            let permuted = try Auction.clear(order.map { entries[$0] }, k: k)
            #expect(permuted.price == result.price && permuted.energy == result.energy)
            #expect(order.indices.allSatisfy { permuted.allocations[$0] == result.allocations[order[$0]] })
            if entries.allSatisfy(\.isDivisible) { #expect(result.energy == Self.largest(entries)) }
        }
    }

    private static func sums(_ entries: [Auction.Entry], _ result: Auction.Result) -> (UInt64, UInt64) {
        var (sold, bought): (UInt64, UInt64) = (0, 0)
        for (entry, share) in zip(entries, result.allocations) {
            if entry.side == .sell { sold += share } else { bought += share }
        }
        return (sold, bought)
    }

    /// The most that any single price can trade, by trying all.
    private static func largest(_ entries: [Auction.Entry]) -> UInt64 {
        Set(entries.map(\.price)).map { price in
            let supply = entries.filter { $0.side == .sell && $0.price <= price }.reduce(0) { $0 + $1.energy }
            let demand = entries.filter { $0.side == .buy && $0.price >= price }.reduce(0) { $0 + $1.energy }
            return min(supply, demand)
        }.max() ?? 0
    }

    @Test("No trade has no price, which is not a price of 0; what runs short is shared in proportion")
    func edges() throws {
        func entry(_ name: String, _ side: Side, _ energy: UInt64, _ price: UInt64) -> Auction.Entry {
            .init(key: Hash32.sha256(Bytes(name.utf8)), side: side, energy: energy, price: price)
        }
        let none = try Auction.clear([entry("a", .sell, 5, 9), entry("b", .buy, 5, 8)], k: 500)
        #expect(none.price == nil && none.energy == 0)
        let short = try Auction.clear(
            [entry("a", .sell, 100, 1), entry("b", .buy, 100, 8), entry("c", .buy, 300, 8)], k: 500)
        #expect(short.allocations == [100, 25, 75])
        #expect(short.price == 4)
        #expect(throws: Never.self) {
            try Auction.clear([entry("a", .sell, .max, .max), entry("b", .buy, .max, .max)], k: 1000)
        }
    }
}
