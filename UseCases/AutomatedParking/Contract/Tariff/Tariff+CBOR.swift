import ContractKit

/// As a tariff stands on the ledger; names are those of APDS.
extension Tariff: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let tables = map["rateTables"]?.array, let offset = map["offset"]?.int,
            let rule = map["summerTime"]?.text.flatMap(CivilZone.SummerTime.init(rawValue:)),
            let holidays = map["holidays"]?.array?.map(\.unsigned), !holidays.contains(nil),
            (-14 * 60...14 * 60).contains(offset)
        else { throw .corrupt("of a tariff") }
        var decoded: [RateTable] = []
        for table in tables { decoded.append(try RateTable(cbor: table)) }
        var taxRule = TaxRule()
        if let given = map["taxRule"] { taxRule = try TaxRule(cbor: given) }
        self.init(
            decoded, zone: CivilZone(offset: offset, summerTime: rule), holidays: holidays.compactMap(\.self),
            taxRule: taxRule)
    }

    public var cbor: Value {
        [
            "rateTables": .array(tables.map(\.cbor)), "offset": Value(zone.offset),
            "summerTime": .text(zone.summerTime.rawValue), "holidays": .array(holidays.map { .unsigned($0) }),
            "taxRule": taxRule.cbor,
        ]
    }
}

extension RateTable: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let items = map["rateLineCollections"]?.array,
            let reset = map["reset"]?.text.flatMap(Reset.init(rawValue:)), let grace = map["grace"]?.unsigned,
            let isGraceCharged = map["graceCharged"]?.bool, let surcharge = map["surcharge"]?.unsigned,
            let tax = map["taxRate"]?.unsigned, let isTaxIncluded = map["taxIncluded"]?.bool
        else { throw .corrupt("of a rate table") }
        var collections: [Collection] = []
        for item in items { collections.append(try Collection(cbor: item)) }
        self.init(
            collections, reset: reset, grace: grace, isGraceCharged: isGraceCharged, surcharge: surcharge, tax: tax,
            isTaxIncluded: isTaxIncluded)
    }

    public var cbor: Value {
        [
            "rateLineCollections": .array(collections.map(\.cbor)), "reset": .text(reset.rawValue),
            "grace": .unsigned(grace), "graceCharged": .bool(isGraceCharged), "surcharge": .unsigned(surcharge),
            "taxRate": .unsigned(tax), "taxIncluded": .bool(isTaxIncluded),
        ]
    }
}

extension RateTable.Collection: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let label = map["label"]?.text, let items = map["rateLines"]?.array,
            let limits = map["caps"]?.array, let minimum = map["minValue"]?.unsigned
        else { throw .corrupt("of a rate line collection") }
        var lines: [RateTable.Line] = []
        for item in items { lines.append(try RateTable.Line(cbor: item)) }
        var caps: [RateTable.Cap] = []
        for limit in limits {
            guard let cap = limit.map, let period = cap["period"]?.unsigned, let value = cap["value"]?.unsigned,
                let isCalendar = cap["calendar"]?.bool
            else { throw .corrupt("of a cap") }
            caps.append(.init(period: period, value: value, isCalendar: isCalendar))
        }
        var window: RateTable.Window?
        if let given = map["window"]?.map {
            guard let days = given["days"]?.unsigned, let from = given["from"]?.unsigned, let to = given["to"]?.unsigned
            else { throw .corrupt("of a window") }
            window = .init(days: days, from: from, to: to)
        }
        self.init(
            label, window: window, lines: lines, caps: caps, minimum: minimum, maximum: map["maxValue"]?.unsigned)
    }

    public var cbor: Value {
        let hours: Value =
            window.map { ["days": .unsigned($0.days), "from": .unsigned($0.from), "to": .unsigned($0.to)] } ?? .null
        return [
            "label": .text(label), "window": hours, "rateLines": .array(lines.map(\.cbor)),
            "caps": .array(
                caps.map {
                    ["period": .unsigned($0.period), "value": .unsigned($0.value), "calendar": .bool($0.isCalendar)]
                }), "minValue": .unsigned(minimum), "maxValue": .optional(maximum),
        ]
    }
}

extension RateTable.Line: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let kind = map["rateLineType"]?.text.flatMap(Kind.init(rawValue:)),
            let label = map["label"]?.text, let start = map["durationStart"]?.unsigned,
            let period = map["incrementPeriod"]?.unsigned, let value = map["value"]?.unsigned,
            let tax = map["taxRate"]?.unsigned
        else { throw .corrupt("of a rate line") }
        self.init(
            kind, label, start: start, end: map["durationEnd"]?.unsigned, period: period, value: value,
            basis: map["valuePeriod"]?.unsigned, tax: tax)
    }

    public var cbor: Value {
        [
            "rateLineType": .text(kind.rawValue), "label": .text(label), "durationStart": .unsigned(start),
            "durationEnd": .optional(end), "incrementPeriod": .unsigned(period), "value": .unsigned(value),
            "valuePeriod": .optional(basis), "taxRate": .unsigned(tax),
        ]
    }
}

extension Bill: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let items = map["lines"]?.array, let tax = map["tax"]?.unsigned,
            let total = map["total"]?.unsigned
        else { throw .corrupt("of a bill") }
        var lines: [Line] = []
        for item in items {
            guard let line = item.map, let label = line["label"]?.text, let count = line["count"]?.unsigned,
                let gross = line["gross"]?.unsigned, let amount = line["amount"]?.unsigned,
                let tax = line["tax"]?.unsigned
            else { throw .corrupt("of a bill's line") }
            lines.append(.init(label, count: count, gross: gross, amount: amount, tax: tax))
        }
        self.init(lines: lines, tax: tax, total: total)
    }

    public var cbor: Value {
        [
            "lines": .array(
                lines.map {
                    [
                        "label": .text($0.label), "count": .unsigned($0.count), "gross": .unsigned($0.gross),
                        "amount": .unsigned($0.amount), "tax": .unsigned($0.tax),
                    ]
                }), "tax": .unsigned(tax), "total": .unsigned(total),
        ]
    }
}
