import ContractKit

/// One rate table applied to one stay.
struct RateComputation {
    /// A sum that falls due at a moment of the stay, before caps.
    private struct Entry {
        let line: Int
        /// UTC seconds.
        let at: Int64
        var amount: UInt64
    }

    private let table: RateTable
    private let tariff: Tariff
    private let entry: Int64
    private let exit: Int64
    private let discounts: [Bill.Discount]

    init(_ table: RateTable, _ tariff: Tariff, _ entry: UInt64, _ exit: UInt64, _ discounts: [Bill.Discount]) {
        self.table = table
        self.tariff = tariff
        self.entry = Int64(entry)
        self.exit = Int64(exit)
        self.discounts = discounts
    }

    func bill() throws(ContractError) -> Bill {
        let stay = UInt64(exit - entry)
        if table.grace > 0, stay <= table.grace {
            return Bill(lines: [.init("Left within the free time", amount: 0)], tax: 0, total: 0)
        }
        var start = entry
        if table.grace > 0, !table.isGraceCharged { start += Int64(table.grace) }
        var lines: [Bill.Line] = []
        for discount in discounts where discount.free > 0 {
            let end = min(exit, start + Int64(min(discount.free, Bill.maximumStay)))
            lines.append(.init("\(discount.label): \((end - start) / 60) min free", amount: 0))
            start = end
        }
        if start < exit || discounts.allSatisfy({ $0.free == 0 }) {
            for collection in table.collections {
                for part in parts(from: start) { try add(collection, part, to: &lines) }
            }
        }
        return try finish(lines)
    }

    /// The stay in the parts in which counting begins anew.
    private func parts(from start: Int64) -> [(from: Int64, to: Int64)] {
        guard table.reset != .never else { return [(start, exit)] }
        var parts: [(Int64, Int64)] = []
        var from = start
        while from < exit {
            let end = table.reset == .midnight ? tariff.zone.midnight(after: 1, from) : from + CivilZone.day
            parts.append((from, min(end, exit)))
            from = end
        }
        return parts.isEmpty ? [(start, exit)] : parts
    }

    // MARK: A collection

    private func add(
        _ collection: RateTable.Collection, _ part: (from: Int64, to: Int64), to lines: inout [Bill.Line]
    ) throws(ContractError) {
        let stretches = stretches(collection.window, part)
        let length = stretches.reduce(0) { $0 + UInt64($1.to - $1.from) }
        if collection.window != nil, length == 0 { return }
        var made: [Bill.Line] = []
        var entries: [Entry] = []
        var tier: RateTable.Line?
        let tiers = collection.lines.filter { $0.kind == .flatRateTier }
        tier = tiers.first { $0.end.map { length <= $0 } ?? true } ?? tiers.last
        for line in collection.lines {
            switch line.kind {
            case .flatRateTier:
                guard line == tier else { continue }
                tier = nil
                entries.append(Entry(line: made.count, at: part.from, amount: line.value))
            case .flatRate:
                guard length > line.start || line.start == 0 else { continue }
                entries.append(Entry(line: made.count, at: moment(line.start, stretches, part), amount: line.value))
            case .incrementingRate:
                let end = min(length, line.end ?? length)
                guard end > line.start else { continue }
                let count = (end - line.start + line.period - 1) / line.period
                for number in 0..<count {
                    let at = moment(line.start + number * line.period, stretches, part)
                    let amount = try line.amount(of: number + 1) - line.amount(of: number)
                    entries.append(Entry(line: made.count, at: at, amount: amount))
                }
                made.append(.init(line.label, count: count, amount: try line.amount(of: count), rate: line.tax))
                continue
            }
            made.append(.init(line.label, amount: line.value, rate: line.tax))
        }
        for cap in collection.caps.sorted(by: { $0.period < $1.period }) { limit(&entries, cap, part.from) }
        try close(collection, &made, &entries)
        for line in made { merge(line, into: &lines) }
    }

    private func close(
        _ collection: RateTable.Collection, _ made: inout [Bill.Line], _ entries: inout [Entry]
    ) throws(ContractError) {
        var sum: UInt64 = 0
        for index in entries.indices {
            if let maximum = collection.maximum { entries[index].amount = min(entries[index].amount, maximum - sum) }
            sum = try sum.adding(entries[index].amount)
        }
        for index in made.indices { made[index].amount = 0 }
        for entry in entries { made[entry.line].amount = try made[entry.line].amount.adding(entry.amount) }
        if sum < collection.minimum {
            made.append(.init("Minimum: \(collection.label)", amount: collection.minimum - sum))
        }
    }

    /// The same line of several parts of a stay is one line of the bill.
    private func merge(_ line: Bill.Line, into lines: inout [Bill.Line]) {
        if let index = lines.firstIndex(where: { $0.label == line.label && $0.rate == line.rate }) {
            lines[index].count += line.count
            lines[index].gross += line.gross
            lines[index].amount += line.amount
        } else {
            lines.append(line)
        }
    }

    /// Reduces what exceeds a cap, the latest sums first to go.
    private func limit(_ entries: inout [Entry], _ cap: RateTable.Cap, _ start: Int64) {
        var spent: [(bucket: Int64, sum: UInt64)] = []
        let order = entries.indices.sorted { (entries[$0].at, $0) < (entries[$1].at, $1) }
        for index in order {
            let bucket = bucket(of: entries[index].at, cap, start)
            if spent.last?.bucket != bucket { spent.append((bucket, 0)) }
            let left = cap.value - min(cap.value, spent[spent.count - 1].sum)
            entries[index].amount = min(entries[index].amount, left)
            spent[spent.count - 1].sum += entries[index].amount
        }
    }

    private func bucket(of moment: Int64, _ cap: RateTable.Cap, _ start: Int64) -> Int64 {
        guard cap.isCalendar else { return (moment - start) / Int64(cap.period) }
        let date = tariff.zone.date(moment)
        return cap.period == 604_800 ? CivilZone.floorDivide(date + 3, 7) : date
    }

    // MARK: Windows

    /// When a moment of counted time is, by the clock.
    private func moment(
        _ offset: UInt64, _ stretches: [(from: Int64, to: Int64)], _ part: (from: Int64, to: Int64)
    ) -> Int64 {
        var left = Int64(offset)
        for stretch in stretches {
            let length = stretch.to - stretch.from
            if left < length { return stretch.from + left }
            left -= length
        }
        return stretches.last?.to ?? part.from
    }

    /// The parts of a stay in which a collection holds.
    private func stretches(
        _ window: RateTable.Window?, _ part: (from: Int64, to: Int64)
    ) -> [(from: Int64, to: Int64)] {
        guard let window else { return [part] }
        var found: [(from: Int64, to: Int64)] = []
        let first = tariff.zone.date(part.from) - 1
        let last = tariff.zone.date(part.to)
        for date in first...last where holds(window, on: date) {
            let from = tariff.zone.utc(date * CivilZone.day + Int64(window.from) * 60)
            let length = window.to > window.from ? 0 : CivilZone.day
            let to = tariff.zone.utc(date * CivilZone.day + Int64(window.to) * 60 + length)
            let stretch = (from: max(from, part.from), to: min(to, part.to))
            if stretch.from < stretch.to { found.append(stretch) }
        }
        return found
    }

    private func holds(_ window: RateTable.Window, on date: Int64) -> Bool {
        if tariff.holidays.contains(where: { Int64($0) == date }) { return window.days & 0x80 != 0 }
        return window.days & (1 << UInt64(CivilZone.weekday(date))) != 0
    }

    // MARK: Surcharge, discounts, taxes

    private func finish(_ given: [Bill.Line]) throws(ContractError) -> Bill {
        var lines = given
        var sum: UInt64 = 0
        for line in lines { sum = try sum.adding(line.amount) }
        if table.surcharge > 0 {
            let surcharge = try Bill.share(sum, table.surcharge)
            lines.append(.init("Surcharge", amount: surcharge))
            sum = try sum.adding(surcharge)
        }
        var kept = sum
        for discount in discounts where discount.share > 0 {
            let off = min(kept, try Bill.share(sum, min(discount.share, 10_000)))
            kept -= off
            try reduce(&lines, by: off)
            lines.append(.init("\(discount.label): \(discount.share / 100) % less", amount: 0))
        }
        let rule = tariff.taxRule
        var tax: UInt64 = 0
        for index in lines.indices {
            let (amount, rate) = (lines[index].amount, lines[index].rate)
            lines[index].tax = table.isTaxIncluded ? try rule.included(amount, rate) : try rule.share(amount, rate)
            tax = try tax.adding(lines[index].tax)
        }
        if table.isTaxIncluded {
            return Bill(lines: lines, tax: try tax.adding(try rule.included(kept, table.tax)), total: kept)
        }
        let subtotal = try kept.adding(tax)
        let whole = try rule.share(subtotal, table.tax)
        return Bill(lines: lines, tax: try tax.adding(whole), total: try subtotal.adding(whole))
    }

    /// Takes a discount off the last lines first.
    private func reduce(_ lines: inout [Bill.Line], by amount: UInt64) throws(ContractError) {
        var left = amount
        for index in lines.indices.reversed() {
            let part = min(left, lines[index].amount)
            lines[index].amount -= part
            left -= part
        }
    }
}
