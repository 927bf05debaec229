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
    /// Every lot that went into a mix; empty for a harvest.
    let ancestors: [(name: String, lot: HarvestLot)]
    /// Labels that this one replaced, the latest first.
    let earlier: [String]
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
        plot = try lot.plot.flatMap { name throws(ContractError) in try state.get(Agri.plots, name) }
        farm = try plot.flatMap { plot throws(ContractError) in try state.get(Agri.farms, plot.farm) }
        seedLot = try lot.seedLot.flatMap { lot throws(ContractError) in try state.get(Agri.seedLots, lot) }

        ancestors = try lot.lineage.compactMap { name in
            try state.get(Agri.harvestLots, name).map { (name, $0) }
        }
        var earlier: [String] = []
        var label = used
        while let old = label.replaces, let before = try state.get(Agri.codes, old) {
            earlier.append(old)
            label = before
        }
        self.earlier = earlier
        let lots = [(used.harvestLot, lot)] + ancestors
        let labels = [code.path] + earlier
        var names = labels
        for (name, lot) in lots {
            names.append("lot:\(name)")
            if let plot = lot.plot { names.append("plot:\(plot)") }
            if let seedLot = lot.seedLot { names.append("seedlot:\(seedLot)") }
        }
        names = names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map(\.element)
        var records: [(IndexedRecord, Statement)] = []
        var readings: [(IndexedRecord, Int, Reading)] = []
        for record in try platform.index.records(mentioning: names) where record.rejection == nil {
            let statement = try platform.statement(of: record)
            if record.contract == "telemetry" {
                readings += labels.flatMap { Self.readings(naming: $0, in: statement) }.map { (record, $0, $1) }
            } else if record.contract == Agri.contractName,
                !Self.isForeign(statement, lots: lots, labels: labels)
            {
                records.append((record, statement))
            }
        }
        self.records = records
        self.readings = readings
    }

    /// Whether a record found by plot, lot or seed lot is about another harvest or another box.
    private static func isForeign(
        _ statement: Statement, lots: [(name: String, lot: HarvestLot)], labels: [String]
    ) -> Bool {
        let arguments = statement.operation.arguments
        if let other = arguments["lot"]?.text, !lots.contains(where: { $0.name == other }) { return true }
        if let other = arguments["code"]?.text, !labels.contains(other) { return true }
        if let outputs = arguments["outputs"]?.array {
            // A mix that took of these lots and made others says nothing about this box.
            return !outputs.contains { item in lots.contains { $0.name == item.map?["lot"]?.text } }
        }
        // Work on the plot after its harvest belongs to the next crop.
        guard let plot = arguments["plot"]?.text,
            let last = lots.filter({ $0.lot.plot == plot }).map(\.lot.harvestedAt).max()
        else { return false }
        let time = arguments["performedAt"]?.unsigned ?? arguments["takenAt"]?.unsigned
        return time.map { $0 > last } ?? false
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
