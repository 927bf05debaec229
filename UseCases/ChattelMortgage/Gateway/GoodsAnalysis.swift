import ChattelMortgageContract
import ChattelMortgageSimulator
import ContractKit
import Foundation
import Gateway
import Ledger
import SenML

/// The edge analysis of halls and trucks, in the gateway: changes, silence and passed limits become statements; all else
/// stays readings.
actor GoodsAnalysis: EdgeAnalysis {
    /// A sensor that has not been heard for so many seconds is a blind spot.
    static let silence = 6.0
    /// The demo's road from the north hall to the south hall.
    static let route = [
        TransitAnalysis.Point(53.5461, 9.9937), .init(53.5300, 10.0200), .init(53.5005, 10.0300),
        .init(53.4600, 9.9800),
    ]

    private var bays: [String: BayAnalysis] = [:]
    private var trucks: [String: TransitAnalysis] = [:]
    /// When a sensor was heard last, by the gateway's clock, and whether its silence was told.
    private var heard: [String: (sensor: Sensor, at: Double, isTold: Bool)] = [:]

    func observe(_ readings: [AcceptedReading]) -> [EdgeFinding] {
        readings.flatMap { reading -> [EdgeFinding] in
            guard let sensor = Sensor(reading.device) else { return [] }
            return hear(sensor, at: Double(reading.received) / 1000) + analyse(sensor, reading)
        }
    }

    private func analyse(_ sensor: Sensor, _ reading: AcceptedReading) -> [EdgeFinding] {
        var numbers: [String: Double] = [:]
        var (tags, isDoorOpen): (String?, Bool) = (nil, false)
        for record in reading.records {
            let name = DeviceProfile.quantity(of: record.name)
            if let number = record.number { numbers[name] = number }
            if case .string(let text) = record.value, name == "tags" { tags = text }
            if case .boolean(let isOpen) = record.value, name == "door" { isDoorOpen = isOpen }
        }
        let time = reading.records.first?.time ?? 0
        switch sensor.role {
        case .scale, .contour, .identity:
            let finding = bays[sensor.place, default: BayAnalysis()].observe(
                sensor.role.rawValue, device: sensor.urn.text, sequence: reading.sequence, time: time,
                numbers: numbers, tags: tags)
            return finding.map { [change($0, sensor)] } ?? []
        case .motion:
            var limits = TransitAnalysis.Limits()
            limits.route = Self.route
            return trucks[sensor.site, default: TransitAnalysis(limits)]
                .observe(numbers, isDoorOpen: isDoorOpen, time: time).map { passed($0, sensor) }
        case .climate: return []
        }
    }

    private func milliseconds(_ seconds: Double) -> UInt64 { UInt64(max(0, seconds * 1000)) }

    private func change(_ finding: BayAnalysis.Finding, _ sensor: Sensor) -> EdgeFinding {
        func millimetres(_ metres: Double) -> Value { .unsigned(UInt64(max(0, (metres * 1000).rounded()))) }
        return EdgeFinding(
            purpose: "chattel/sensed/\(sensor.place)/\(finding.raw.hex)", subject: "\(sensor.site)/\(sensor.bay)",
            operation: Ledger.Operation(
                ChattelContract.contractName, "sensed",
                [
                    ("site", .text(sensor.site)), ("bay", .text(sensor.bay)),
                    ("grams", .unsigned(UInt64(max(0, finding.weight * 1000)))),
                    ("count", .unsigned(UInt64(max(0, finding.count)))), ("length", millimetres(finding.length)),
                    ("width", millimetres(finding.width)), ("height", millimetres(finding.height)),
                    ("tags", .array(finding.tags.prefix(ChattelContract.maximumItems).map { .text($0) })),
                    ("devices", .array(finding.devices.map { .text($0) })), ("raw", .hash(finding.raw)),
                    ("at", .unsigned(milliseconds(finding.time))),
                ]))
    }

    private func passed(_ finding: TransitAnalysis.Finding, _ sensor: Sensor) -> EdgeFinding {
        EdgeFinding(
            purpose: "chattel/transit/\(sensor.place)/\(finding.kind)/\(milliseconds(finding.time))",
            subject: sensor.site,
            operation: Ledger.Operation(
                ChattelContract.contractName, "transit",
                [
                    ("site", .text(sensor.site)), ("kind", .text(finding.kind)), ("value", .unsigned(finding.value)),
                    ("limit", .unsigned(finding.limit)), ("device", .text(sensor.urn.text)),
                    ("at", .unsigned(milliseconds(finding.time))),
                ]))
    }

    // MARK: Silence

    private func hear(_ sensor: Sensor, at now: Double) -> [EdgeFinding] {
        let wasTold = heard[sensor.urn.text]?.isTold ?? false
        heard[sensor.urn.text] = (sensor, now, false)
        return wasTold ? [blind(sensor, false, now)] : []
    }

    func tick(_ now: Double) -> [EdgeFinding] {
        var findings: [EdgeFinding] = []
        for (urn, last) in heard.sorted(by: { $0.key < $1.key })
        where !last.isTold && now - last.at > Self.silence {
            heard[urn]?.isTold = true
            findings.append(blind(last.sensor, true, now))
        }
        return findings
    }

    private func blind(_ sensor: Sensor, _ isBlind: Bool, _ now: Double) -> EdgeFinding {
        if sensor.role == .motion {
            return passed(.init(kind: isBlind ? "silence" : "stop", value: 0, limit: 0, time: now), sensor)
        }
        return EdgeFinding(
            purpose: "chattel/blind/\(sensor.urn.text)/\(isBlind)/\(milliseconds(now))",
            subject: "\(sensor.site)/\(sensor.bay)",
            operation: Ledger.Operation(
                ChattelContract.contractName, "blind",
                [
                    ("site", .text(sensor.site)), ("bay", .text(sensor.bay)), ("device", .text(sensor.urn.text)),
                    ("blind", .bool(isBlind)), ("at", .unsigned(milliseconds(now))),
                ]))
    }
}
