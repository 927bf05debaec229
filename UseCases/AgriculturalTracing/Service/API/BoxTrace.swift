import AgriculturalTracingContract
import ContractKit
import Foundation
import Ledger
import ProjectionKit
import UseCaseKit

/// Everything on the ledger about one box: its live state and, also after the code is gone, its history.
struct BoxTrace {
    let code: ProductCode
    let used: UsedCode
    /// nil when the code has left the live state.
    let box: Box?
    let lotName: String
    let lot: HarvestLot
    let plot: Plot?
    let farm: Farm?
    let seedLot: SeedLot?
    /// Accepted records, oldest first.
    let records: [(record: IndexedRecord, statement: Statement)]
    /// A device's reading that names this code: the record of its batch and the place in it.
    let readings: [(record: IndexedRecord, position: Int, reading: Reading)]

    /// nil for a code that was never commissioned.
    init?(_ code: ProductCode, on platform: Platform) throws {
        typealias Agri = TracingContract
        let state = platform.state
        guard let used = try state.get(Agri.codes, code.path),
            let lot = try state.get(Agri.harvestLots, used.harvestLot)
        else { return nil }
        self.code = code
        self.used = used
        self.lot = lot
        lotName = used.harvestLot
        box = try state.get(Agri.boxes, code.path)
        plot = try state.get(Agri.plots, lot.plot)
        farm = try plot.flatMap { plot throws(ContractError) in try state.get(Agri.farms, plot.farm) }
        seedLot = try lot.seedLot.flatMap { lot throws(ContractError) in try state.get(Agri.seedLots, lot) }

        let names =
            [code.path, "lot:\(used.harvestLot)", "plot:\(lot.plot)"] + (lot.seedLot.map { ["seedlot:\($0)"] } ?? [])
        var records: [(IndexedRecord, Statement)] = []
        var readings: [(IndexedRecord, Int, Reading)] = []
        for record in try platform.index.records(mentioning: names) where record.rejection == nil {
            let statement = try platform.statement(of: record)
            if record.contract == "telemetry" {
                readings += Self.readings(naming: code.path, in: statement).map { (record, $0, $1) }
            } else if record.contract == Agri.contractName,
                !Self.isForeign(statement, lot: used.harvestLot, lot, code: code.path)
            {
                records.append((record, statement))
            }
        }
        self.records = records
        self.readings = readings
    }

    /// Whether a record found by plot or seed lot is about another harvest or another box.
    private static func isForeign(_ statement: Statement, lot name: String, _ lot: HarvestLot, code: String) -> Bool {
        let arguments = statement.operation.arguments
        if let other = arguments["lot"]?.text, other != name { return true }
        if let other = arguments["code"]?.text, other != code { return true }
        // Work on the plot after the harvest belongs to the next crop.
        return arguments["performedAt"]?.unsigned.map { $0 > lot.harvestedAt } ?? false
    }

    private static func readings(naming code: String, in batch: Statement) -> [(Int, Reading)] {
        guard let body = batch.operation.arguments["body"]?.bytes, let items = try? CBOR.decode(body).array else {
            return []
        }
        return items.enumerated().compactMap { position, item in
            guard let reading = item.bytes.flatMap({ try? Reading(decoding: $0) }),
                ReadingValues.texts(in: reading).contains(code)
            else { return nil }
            return (position, reading)
        }
    }

    /// The evidence of all of it: statements, the device readings that name the box, and the code's own state.
    func evidence(on platform: Platform) async throws -> EvidenceBundle {
        typealias Agri = TracingContract
        var ids = records.map(\.record.id)
        var proved: [(record: Int, position: Int)] = []
        for reading in readings {
            if !ids.contains(reading.record.id) { ids.append(reading.record.id) }
            proved.append((ids.firstIndex(of: reading.record.id) ?? 0, reading.position))
        }
        return try await platform.node.evidence(
            for: ids, readings: proved,
            stateKeys: [
                Agri.codes.key(code.path), Agri.boxes.key(code.path), Agri.harvestLots.key(lotName),
            ],
            notes: [
                ("Product code", code.path), ("Harvest lot", lotName),
                ("Ledger", platform.node.genesis.name),
            ])
    }
}
