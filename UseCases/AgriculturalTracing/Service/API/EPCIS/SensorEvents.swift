import AgriculturalTracingContract
import EPCIS
import Ledger
import ProjectionKit
import UseCaseKit

/// Batches of readings as events that hold sensor reports (EPCIS 2.0 §7.3.7), in units of UN/ECE recommendation 20.
struct SensorEvents {
    let platform: Platform
    /// Whose sealed streams are opened; nil for published ones alone.
    let reader: String?

    /// A unit of SenML (RFC 8428 §12.1) as a measurement type of GS1 and a UN/ECE code.
    static let units: [String: (type: String, unit: String)] = [
        "Cel": ("Temperature", "CEL"), "%RH": ("RelativeHumidity", "P1"), "S/m": ("Conductivity", "D10"),
        "W/m2": ("Irradiance", "D54"), "lx": ("Illuminance", "LUX"), "pH": ("Dimensionless", "Q30"),
        "/": ("VolumeFraction", "C62"), "g": ("Mass", "GRM"), "kg": ("Mass", "KGM"), "m": ("Length", "MTR"),
    ]

    /// nil for a batch that the reader may not open, and for one without quantities.
    func event(_ record: IndexedRecord, _ batch: Statement) throws -> [String: JSONValue]? {
        let readings = (try platform.vaults.readings(of: batch, reader) ?? []).compactMap { try? Reading(decoding: $0) }
        guard let last = readings.last, let device = last.device else { return nil }
        let probe = try platform.state.get(TracingContract.probes, device)
        let elements = readings.compactMap { element($0, probe) }
        guard !elements.isEmpty else { return nil }
        var event = RecordEvents.event("ObjectEvent", record, at: last.received, platform)
        event["action"] = "OBSERVE"
        event["bizStep"] = "sensor_reporting"
        event["sensorElementList"] = .array(elements)
        event["readPoint"] = ["id": .string(try place(of: device, probe, or: batch.subject))]
        return event
    }

    private func place(of device: String, _ probe: Probe?, or stream: String) throws -> String {
        if let probe { return "\(platform.address)/plots/\(EPCISWire.escaped(probe.plot))" }
        return try RecordEvents.place(of: device, platform)
            ?? "\(platform.address)/streams/\(EPCISWire.escaped(stream))"
    }

    /// A device message as one sensor element.
    private func element(_ reading: Reading, _ probe: Probe?) -> JSONValue? {
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
        var metadata: [String: JSONValue] = [
            "deviceID": .string(device), "time": .string(EventTime(milliseconds: Int64(reading.received)).text),
        ]
        if let probe {
            metadata["cairn:depthMillimetres"] = .number("\(probe.depthMillimetres)")
            metadata["cairn:calibratedAt"] = .string(EventTime(milliseconds: Int64(probe.calibratedAt)).text)
            metadata["cairn:calibratedUntil"] = .string(EventTime(milliseconds: Int64(probe.calibratedUntil)).text)
        }
        return ["sensorMetadata": .object(metadata), "sensorReport": .array(reports)]
    }
}
