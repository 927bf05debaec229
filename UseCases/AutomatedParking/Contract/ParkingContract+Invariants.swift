import ContractKit

/// What always holds of sessions, bills and plates.
extension ParkingContract {
    public var invariants: [Invariant] { [billsHaveExits, presenceIsRight, shapesAreRight] }

    private static let page = 1000

    static func everyEntry<Element>(
        _ map: StateMap<Element>, _ state: any StateReader, _ look: (String, Element) throws(ContractError) -> Void
    ) throws(ContractError) {
        var last: String?
        while true {
            let entries = try state.scan(map, after: last, limit: page)
            for (key, value) in entries { try look(key, value) }
            guard entries.count == page, let end = entries.last else { return }
            last = end.key
        }
    }

    private var billsHaveExits: Invariant {
        Invariant("no bill without an entry and an exit, paid exactly once, and no refund above it") {
            state throws(ContractError) in
            var violations: [String] = []
            try Self.everyEntry(Self.sessions, state) { key, session throws(ContractError) in
                if session.bill != nil, session.exit == nil { violations.append("\(key): billed without an exit") }
                if let exit = session.exit, exit.time < session.entry.time { violations.append("\(key): time") }
                let isPaid = session.stage == .paid || session.stage == .refunded
                if isPaid, session.paid != session.bill?.total { violations.append("\(key): paid is not the bill") }
                if !isPaid, session.paid > 0 { violations.append("\(key): paid, yet \(session.stage.rawValue)") }
                if session.refunded > session.paid { violations.append("\(key): refunded more than paid") }
                if session.stage == .held, session.paid > 0 { violations.append("\(key): held and charged") }
                guard let bill = session.bill, let exit = session.exit else { return }
                let lot = Self.lotName(key)
                guard let published = try state.get(Self.tariffs, "\(lot)/\(session.tariff)") else {
                    violations.append("\(key): no tariff")
                    return
                }
                guard try state.get(Self.permits, "\(lot)/\(session.entry.plate.hex)") == nil else { return }
                let again = try Bill.compute(
                    published.tariff, entry: session.entry.time / 1000, exit: min(exit.time, session.limit) / 1000)
                if again.total != bill.total { violations.append("\(key): the bill computes to \(again.total)") }
            }
            return violations
        }
    }

    private var presenceIsRight: Invariant {
        Invariant("each car that is in has one session of its plate, and lots count them") {
            state throws(ContractError) in
            var violations: [String] = []
            var counts: [(lot: String, cars: UInt64)] = []
            try Self.everyEntry(Self.present, state) { plate, key throws(ContractError) in
                let session = try state.get(Self.sessions, key)
                if session?.entry.plate.hex != plate || session?.exit != nil {
                    violations.append("\(key) is no stay of a car that is in")
                }
                let lot = Self.lotName(key)
                if let index = counts.firstIndex(where: { $0.lot == lot }) {
                    counts[index].cars += 1
                } else {
                    counts.append((lot, 1))
                }
            }
            try Self.everyEntry(Self.lots, state) { id, lot throws(ContractError) in
                let cars = counts.first { $0.lot == id }?.cars ?? 0
                if lot.occupied != cars { violations.append("\(id) counts \(lot.occupied), \(cars) are in") }
            }
            return violations
        }
    }

    private var shapesAreRight: Invariant {
        Invariant("every registered plate is found by its shape") {
            state throws(ContractError) in
            var violations: [String] = []
            try Self.everyEntry(Self.plates, state) { plate, record throws(ContractError) in
                if try state.get(Self.shapes, "\(record.shape.hex)/\(plate)") == nil {
                    violations.append("\(plate) has no shape")
                }
            }
            return violations
        }
    }
}
