import AutomatedParkingContract

/// A tariff as an APDS rate table document.
enum RateTableDocument {
    static func make(_ tariff: Tariff, version: UInt64) -> [String: Any] {
        [
            "version": version, "utcOffsetMinutes": tariff.zone.offset, "summerTime": tariff.zone.summerTime.rawValue,
            "rateTables": tariff.tables.map(table),
        ]
    }

    private static func table(_ table: RateTable) -> [String: Any] {
        [
            "reset": table.reset.rawValue, "graceSeconds": table.grace, "graceCharged": table.isGraceCharged,
            "taxIncluded": table.isTaxIncluded, "taxRate": table.tax, "surcharge": table.surcharge,
            "rateLineCollections": table.collections.enumerated().map { number, collection in
                [
                    "collectionSequence": number + 1, "label": collection.label, "minValue": collection.minimum,
                    "caps": collection.caps.map { ["periodSeconds": $0.period, "value": $0.value] },
                    "rateLines": collection.lines.enumerated().map { number, line in
                        var item: [String: Any] = [
                            "sequence": number + 1, "rateLineType": line.kind.rawValue, "description": line.label,
                            "durationStart": line.start, "value": line.value,
                        ]
                        if let end = line.end { item["durationEnd"] = end }
                        if line.kind == .incrementingRate { item["incrementPeriod"] = line.period }
                        if let basis = line.basis { item["valuePeriod"] = basis }
                        return item
                    },
                ] as [String: Any]
            },
        ]
    }
}
