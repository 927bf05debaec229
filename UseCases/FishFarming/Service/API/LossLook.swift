import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingGateway
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// Gathers what a visitor may see of the time before a loss, and says what it shows.
struct LossLook: Sendable {
    typealias Fish = FishFarmingContract
    /// Classes of data that a cause follows from; with one of them hidden, nothing can be ruled out.
    static let needed: [DataClass] = [.water, .operations, .fry, .medicine]
    private static let limit = 5000

    let platform: Platform
    let session: Session

    struct Loss {
        let batch: String
        let record: BatchRecord
        /// Ledger time, ms, at which it was told.
        let time: UInt64
    }

    /// - Parameter classes: what the visitor may see of the batch.
    func finding(_ loss: Loss, classes: Set<String>) throws -> LossFinding {
        let hidden = Self.needed.map(\.rawValue).filter { !classes.contains($0) }
        guard hidden.isEmpty, let pond = try platform.state.get(Fish.ponds, loss.record.pond) else {
            return LossFinding(undetermined: "you are not shown \(hidden.joined(separator: ", "))")
        }
        return LossFinding(try evidence(loss, pond))
    }

    /// The records of batch and pond, and what probe and aerators reported in the day before.
    func grounds(_ loss: Loss) throws -> Grounds {
        let pond = try platform.state.get(Fish.ponds, loss.record.pond)
        let (from, to) = Self.span(loss.time, pond?.clock.pace ?? 1)
        return Grounds(
            about: ["batch:\(loss.batch)", "pond:\(loss.record.pond)"],
            devices: pond.map { [$0.probe] + $0.aerators } ?? [], from: from, to: to)
    }

    /// The pond's day before a loss.
    private static func span(_ time: UInt64, _ pace: UInt64) -> (from: UInt64, to: UInt64) {
        (time - min(time, UInt64(LossEvidence.span) / max(1, pace)), time + 1)
    }

    private func evidence(_ loss: Loss, _ pond: PondRecord) throws -> LossEvidence {
        let (from, to) = Self.span(loss.time, pond.clock.pace)
        var evidence = LossEvidence(
            time: Double(loss.time), pace: Double(pond.clock.pace), alarm: Double(pond.alarm) / 100)
        let readings = try platform.readings(for: session)
        func samples(_ devices: [String], _ quantity: String) throws -> [LossEvidence.Sample] {
            try devices.flatMap {
                try readings.readings(device: $0, quantity: quantity, from: from, to: to, limit: 500)
            }
            .filter { Reading.Quality(rawValue: $0.quality).isFitForContracts && $0.value.isFinite }
            .sorted { $0.time < $1.time }.map { LossEvidence.Sample(Double($0.time), $0.value) }
        }
        evidence.hasAerators = !pond.aerators.isEmpty
        evidence.oxygen = try samples([pond.probe], "oxygen")
        evidence.ammonia = try samples([pond.probe], "unionised")
        evidence.temperature = try samples([pond.probe], "temperature")
        evidence.power = try samples(pond.aerators, "power")
        evidence.mains = try samples(pond.aerators, "mains")
        evidence.manual = try samples(pond.aerators, "manual")
        evidence.told = try told(loss.record.pond, from, to)
        for (_, found) in try platform.state.scan(Fish.findings, prefix: "\(loss.batch)/", limit: Self.limit) {
            evidence.diseases.append(.init(Double(found.at), found.disease, isConfirmed: found.isConfirmed))
        }
        for record in try platform.index.records(mentioning: ["batch:\(loss.batch)"], limit: Self.limit)
        where record.rejection == nil && record.contract == Fish.contractName {
            let time = Double(record.time)
            if record.operation == "recordMedicine" {
                let product = try platform.statement(of: record).operation.arguments[text: "product"]?.text
                evidence.medicines.append(.init(time, product ?? "a medicine"))
            } else if record.operation == "recordMortality", record.time != loss.time {
                evidence.deaths.append(time)
            }
        }
        evidence.medicines.sort { $0.time < $1.time }
        return evidence
    }

    /// When the gateway told aerators to run: incidents that are over, and alarms of one that draws no power.
    private func told(_ pond: String, _ from: UInt64, _ to: UInt64) throws -> [(from: Double, to: Double)] {
        let incidents = try platform.state.scan(Fish.incidents, prefix: "\(pond)/", limit: Self.limit).map(\.value)
            .filter { $0.endedAt >= from && $0.startedAt <= to }
        let alarms = try platform.state.scan(Fish.alarms, prefix: "\(pond)/", limit: Self.limit).map(\.value)
            .filter { $0.words.contains("draws no power") && (from...to).contains($0.raisedAt) }
        return incidents.map { (Double($0.startedAt), Double($0.endedAt)) }
            + alarms.map { (Double($0.raisedAt), Double($0.raisedAt)) }
    }

    /// As a page shows it: the cause or that there is none, why, and the way to the records.
    static func fact(_ finding: LossFinding, _ grounds: Grounds) -> Fact {
        Fact(
            "Cause by the data", finding.cause?.words ?? "undetermined", note: finding.reasons.joined(separator: "; "),
            grounds: grounds)
    }

    static func mark(_ finding: LossFinding) -> Table.Cell {
        finding.cause.map { .mark($0.words, .bad) } ?? .mark("undetermined", .neutral)
    }
}
