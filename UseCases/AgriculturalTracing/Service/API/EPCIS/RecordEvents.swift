import AgriculturalTracingContract
import EPCIS
import Ledger
import ProjectionKit
import UseCaseKit

/// Records of tracing's contract in the words of CBV 2.0.
struct RecordEvents {
    let platform: Platform

    private typealias Agri = TracingContract

    /// How the ids of events that are made from records begin; the record's id follows.
    static func prefix(_ platform: Platform) -> String { "\(platform.address)/api/v1/transactions/" }

    /// What every event of a record has.
    static func event(
        _ type: String, _ record: IndexedRecord, at time: UInt64, _ platform: Platform
    ) -> [String: JSONValue] {
        [
            "@context": [
                .string("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"),
                ["cairn": .string(SanitisedEvent.namespace)],
            ],
            "type": .string(type), "eventID": .string(prefix(platform) + record.id.hex),
            "eventTime": .string(EventTime(milliseconds: Int64(time)).text), "eventTimeZoneOffset": "+00:00",
            "recordTime": .string(EventTime(milliseconds: Int64(record.time)).text),
        ]
    }

    /// The room in which a device hangs, as a URI; nil where nobody said.
    static func place(of device: String, _ platform: Platform) throws -> String? {
        try platform.state.get(Agri.placements, device).map {
            "\(platform.address)/rooms/\(EPCISWire.escaped($0.room))"
        }
    }

    /// Boxes that passed a tag reader: an event for each, at the reader's place and the time of its first read.
    func passes(_ record: IndexedRecord, _ statement: Statement) throws -> [[String: JSONValue]] {
        let arguments = statement.operation.arguments
        let reader = arguments["reader"]?.text ?? ""
        let place = try Self.place(of: reader, platform) ?? "\(platform.address)/devices/\(EPCISWire.escaped(reader))"
        let times = arguments["times"]?.array ?? []
        return zip(arguments["boxes"]?.array ?? [], times).enumerated().map { index, read in
            var event = object(
                record, at: read.1.unsigned ?? record.time, "OBSERVE", "entering_exiting", nil,
                ["epcList": [box(read.0.text ?? "")], "readPoint": ["id": .string(place)]])
            event["eventID"] = .string("\(Self.prefix(platform))\(record.id.hex)#\(index)")
            return event
        }
    }

    /// nil for a record that is no event of goods: a registration, for instance.
    func event(_ record: IndexedRecord, _ statement: Statement) throws -> [String: JSONValue]? {
        let arguments = statement.operation.arguments
        func text(_ name: String) -> String { arguments[.text(name)]?.text ?? "" }
        func number(_ name: String) -> UInt64 { arguments[.text(name)]?.unsigned ?? 0 }
        func time(_ name: String) -> UInt64 { arguments[.text(name)]?.unsigned ?? record.time }
        func boxes() -> JSONValue { .array((arguments["boxes"]?.array ?? []).compactMap(\.text).map(box)) }
        let code: JSONValue = [box(text("code"))]
        switch record.operation {
        case "harvest":
            let farm = try platform.state.get(Agri.plots, text("plot"))?.farm
            var members: [String: JSONValue] = ["quantityList": [lot(text("lot"), grams: number("grams"))]]
            members["readPoint"] = farm.map { ["id": .string("https://id.gs1.org/414/\($0)")] }
            return object(
                record, at: time("harvestedAt"), "ADD", "creating_class_instance", "active", members)
        case "commission":
            return object(
                record, at: record.time, "ADD", "commissioning", "active",
                [
                    "epcList": code,
                    "ilmd": [
                        "cbvmda:lotNumber": .string(text("lot")), "cbvmda:netWeight": .string("\(number("grams")) GRM"),
                    ],
                ])
        case "affix": return object(record, at: record.time, "OBSERVE", "encoding", "active", ["epcList": code])
        case "aggregate", "disaggregate":
            let isOn = record.operation == "aggregate"
            var event = Self.event("AggregationEvent", record, at: record.time, platform)
            event["action"] = isOn ? "ADD" : "DELETE"
            event["bizStep"] = isOn ? "packing" : "unpacking"
            event["parentID"] = .string("https://id.gs1.org/00/\(text("sscc"))")
            event["childEPCs"] = boxes()
            return event
        case "dispatch":
            return object(
                record, at: time("departedAt"), "OBSERVE", "shipping", "in_transit",
                moved(text("leg"), from: text("from"), to: text("to"), boxes()))
        case "deliver", "receive": return try arrival(record, text("leg"), boxes(), time("deliveredAt"))
        case "offer":
            return object(record, at: record.time, "OBSERVE", "stocking", "sellable_accessible", ["epcList": code])
        case "sell": return object(record, at: record.time, "OBSERVE", "retail_selling", nil, ["epcList": code])
        case "takeBack": return object(record, at: record.time, "OBSERVE", "accepting", "returned", ["epcList": code])
        case "waste": return object(record, at: record.time, "OBSERVE", "destroying", nil, ["epcList": code])
        case "recall":
            return object(
                record, at: record.time, "OBSERVE", "holding", "recalled", ["quantityList": [lot(text("lot"))]])
        case "reportTest":
            return object(
                record, at: record.time, "OBSERVE", "inspecting",
                number("value") > number("limit") ? "non_conformant" : "conformant",
                [
                    "quantityList": [lot(text("lot"))],
                    "bizTransactionList": [["type": "testres", "bizTransaction": uri("reports", text("report"))]],
                ])
        case "weighBox":
            return measured(record, time("weighedAt"), code, "Mass", "\(number("grams"))", "GRM")
        case "measureArrival":
            let hundredths = arguments["temperature"]?.int ?? 0
            return measured(record, time("measuredAt"), code, "Temperature", "\(Double(hundredths) / 100)", "CEL")
        default: return nil
        }
    }

    private func object(
        _ record: IndexedRecord, at time: UInt64, _ action: String, _ step: String, _ disposition: String?,
        _ members: [String: JSONValue]
    ) -> [String: JSONValue] {
        var event = Self.event("ObjectEvent", record, at: time, platform)
        event["action"] = .string(action)
        event["bizStep"] = .string(step)
        event["disposition"] = disposition.map { .string($0) }
        return event.merging(members) { $1 }
    }

    private func measured(
        _ record: IndexedRecord, _ time: UInt64, _ code: JSONValue, _ type: String, _ value: String, _ unit: String
    ) -> [String: JSONValue] {
        object(
            record, at: time, "OBSERVE", "sensor_reporting", nil,
            [
                "epcList": code,
                "sensorElementList": [
                    ["sensorReport": [["type": .string(type), "value": .number(value), "uom": .string(unit)]]]
                ],
            ])
    }

    /// The end of a transport; what came is what the receiver names, or else what was sent.
    private func arrival(
        _ record: IndexedRecord, _ name: String, _ boxes: JSONValue, _ time: UInt64
    ) throws -> [String: JSONValue]? {
        guard let leg = try platform.state.get(Agri.legs, name) else { return nil }
        let isReceived = record.operation == "receive"
        let goods: JSONValue = isReceived ? boxes : .array(leg.boxes.map(box))
        var members = moved(name, from: leg.from, to: leg.to, goods)
        if !isReceived, let highest = leg.highest {
            members["sensorElementList"] = [
                [
                    "sensorReport": [
                        ["type": "Temperature", "maxValue": .number("\(Double(highest) / 100)"), "uom": "CEL"]
                    ]
                ]
            ]
        }
        return object(
            record, at: time, "OBSERVE", isReceived ? "receiving" : "arriving", "in_progress", members)
    }

    private func moved(_ leg: String, from: String, to: String, _ boxes: JSONValue) -> [String: JSONValue] {
        [
            "epcList": boxes,
            "sourceList": [["type": "possessing_party", "source": uri("participants", from)]],
            "destinationList": [["type": "possessing_party", "destination": uri("participants", to)]],
            "bizTransactionList": [["type": "desadv", "bizTransaction": uri("legs", leg)]],
        ]
    }

    private func box(_ code: String) -> JSONValue { .string("https://id.gs1.org/\(code)") }

    private func lot(_ name: String, grams: UInt64? = nil) -> JSONValue {
        var element: [String: JSONValue] = ["epcClass": uri("lots", name)]
        if let grams {
            element["quantity"] = .number("\(Double(grams) / 1000)")
            element["uom"] = "KGM"
        }
        return .object(element)
    }

    private func uri(_ kind: String, _ name: String) -> JSONValue {
        .string("\(platform.address)/\(kind)/\(EPCISWire.escaped(name))")
    }
}
