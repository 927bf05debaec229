import AgriculturalTracingContract
import EPCIS
import Ledger
import ProjectionKit
import UseCaseKit

/// Batches of published readings as events that hold sensor reports (EPCIS 2.0 §7.3.7), in units of UN/ECE recommendation 20.
struct SensorEvents {
    let platform: Platform

    /// A unit of SenML (RFC 8428 §12.1) as a measurement type of GS1 and a UN/ECE code.
    static let units: [String: (type: String, unit: String)] = [
        "Cel": ("Temperature", "CEL"), "%RH": ("RelativeHumidity", "P1"), "S/m": ("Conductivity", "D10"),
        "W/m2": ("Irradiance", "D54"), "lx": ("Illuminance", "LUX"), "pH": ("Dimensionless", "Q30"),
        "/": ("VolumeFraction", "C62"), "g": ("Mass", "GRM"), "kg": ("Mass", "KGM"), "m": ("Length", "MTR"),
    ]

    /// nil for a sealed batch, and for one without quantities.
    func event(_ record: IndexedRecord, _ batch: Statement) -> [String: JSONValue]? {
        let readings = (batch.plainReadings ?? []).compactMap { try? Reading(decoding: $0) }
        let elements = readings.compactMap(element)
        guard let last = readings.last, let device = last.device, !elements.isEmpty else { return nil }
        var event = RecordEvents.event("ObjectEvent", record, at: last.received, platform)
        event["action"] = "OBSERVE"
        event["bizStep"] = "sensor_reporting"
        event["sensorElementList"] = .array(elements)
        let placement = try? platform.state.get(TracingContract.placements, device)
        let place =
            placement.map { "rooms/\(EPCISWire.escaped($0.room))" } ?? "streams/\(EPCISWire.escaped(batch.subject))"
        event["readPoint"] = ["id": .string("\(platform.address)/\(place)")]
        return event
    }

    /// A device message as one sensor element.
    private func element(_ reading: Reading) -> JSONValue? {
        let values = ReadingValues.numbers(in: reading)
        let reports = values.compactMap { value -> JSONValue? in
            guard let (type, unit) = Self.units[value.unit] else { return nil }
            return [
                "type": .string(type), "value": .number("\(value.value)"), "uom": .string(unit),
                "time": .string(EventTime(milliseconds: Int64(value.time)).text),
                "rdfs:comment": .string(value.quantity),
            ]
        }
        guard !reports.isEmpty, let device = reading.device else { return nil }
        return [
            "sensorMetadata": [
                "deviceID": .string(device), "time": .string(EventTime(milliseconds: Int64(reading.received)).text),
            ], "sensorReport": .array(reports),
        ]
    }
}
