import AgriculturalTracingContract
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

/// The words of a timeline step for each operation of the contract.
enum StepWords {
    static func step(_ record: IndexedRecord, _ statement: Statement, _ platform: Platform) -> TimelineStep? {
        let arguments = statement.operation.arguments
        func text(_ name: String) -> String { arguments[.text(name)]?.text ?? "" }
        func number(_ name: String) -> UInt64 { arguments[.text(name)]?.unsigned ?? 0 }
        let words: (TimelineStep.Stage, String, String, UInt64)
        switch record.operation {
        case "registerSeedLot":
            words = (
                .other, "Seed lot registered",
                "\(text("variety")) of \(text("supplier")), germination \(Double(number("germinationPermille")) / 10) %",
                record.time
            )
        case "recordOperation": words = fieldWork(text("kind"), arguments, number("performedAt"))
        case "transform":
            let taken = (arguments["inputs"]?.array ?? []).compactMap { $0.map?["lot"]?.text }
            words = (
                .packing, "Mixed", "\(text("product")) of the lots \(taken.joined(separator: ", "))",
                number("performedAt")
            )
        case "store": words = (.storage, "Stored", "Room \(text("room"))", number("storedAt"))
        case "reportSoil":
            words = (
                .test, "Soil tested",
                "\(text("analyte")): \(Double(arguments["value"]?.int ?? 0) / pow(10, Double(number("decimals")))) \(text("unit")), \(text("place"))",
                number("takenAt")
            )
        case "replaceLabel": words = (.packing, "Label replaced", text("reason"), record.time)
        case "harvest":
            words = (
                .harvest, "Harvested", "\(Double(number("grams")) / 1000) kg, lot \(text("lot"))", number("harvestedAt")
            )
        case "reportTest":
            let scale = pow(10, Double(number("decimals")))
            let passed = number("value") <= number("limit")
            words = (
                .test, passed ? "Test passed" : "Test failed",
                "\(text("analyte")): \(Double(number("value")) / scale) \(text("unit")), limit \(Double(number("limit")) / scale)",
                record.time
            )
        case "commission":
            words = (.packing, "Packed", "\(Double(number("grams")) / 1000) kg, \(number("units")) units", record.time)
        case "affix": words = (.packing, "Tag confirmed", "A second scan found the tag on the box", record.time)
        case "aggregate": words = (.packing, "Put on a pallet", "SSCC \(text("sscc"))", record.time)
        case "disaggregate": words = (.packing, "Taken off its pallet", "SSCC \(text("sscc"))", record.time)
        case "dispatch":
            words = (
                .transport, "Taken over by the carrier",
                "From \(platform.name(of: text("from"))) to \(platform.name(of: text("to")))", number("departedAt")
            )
        case "deliver":
            words = (
                .transport, "Delivered",
                "Highest temperature \(Double(arguments["highestTemperature"]?.int ?? 0) / 100) °C, \(number("minutesOver")) min above the limit",
                number("deliveredAt")
            )
        case "receive": words = (.storage, "Received", "Counted and signed for by the shop", record.time)
        case "weighBox":
            words = (.storage, "Weighed again", "\(Double(number("grams")) / 1000) kg", number("weighedAt"))
        case "measureArrival":
            words = (
                .storage, "Measured on arrival", "\(Double(arguments["temperature"]?.int ?? 0) / 100) °C",
                number("measuredAt")
            )
        case "offer": words = (.sale, "On the shelf", "", record.time)
        case "sell": words = (.sale, "Sold", "\(number("units")) units", record.time)
        case "takeBack": words = (.sale, "Taken back", "\(number("units")) units: \(text("reason"))", record.time)
        case "confirmRecall": words = (.other, "Set aside by a holder", "All its boxes of the lot", record.time)
        case "waste": words = (.other, "Taken out", "\(number("units")) units: \(text("reason"))", record.time)
        case "recall": words = (.other, "Recalled", text("reason"), record.time)
        default: return nil
        }
        // What a supplier says of its seed is here in the words of who bought it.
        let isHearsay = record.operation == "registerSeedLot"
        return TimelineStep(
            stage: words.0, title: words.1, detail: words.2, time: Moment(milliseconds: Int64(words.3)),
            statedBy: isHearsay
                ? "\(text("supplier")), as \(platform.name(of: record.issuer)) was told"
                : platform.name(of: record.issuer),
            trust: isHearsay ? .statement : .person,
            recordURL: ExplorerPaths.transaction(record.id.hex, ledger: platform.node.ledger.hex),
            transactionID: record.id.hex, finding: try? finding(record, arguments, platform))
    }

    /// What a reader has to know about a step.
    private static func finding(
        _ record: IndexedRecord, _ arguments: CBORMap, _ platform: Platform
    ) throws -> String? {
        if let wrong = try platform.state.get(
            TracingContract.errorDeclarations, "\(record.issuer)/\(record.id.hex)")
        {
            let instead = wrong.corrective.map { "; instead: record \($0.hex.prefix(8))…" } ?? ""
            return "Declared wrong by its signer: \(wrong.reason)\(instead)"
        }
        switch record.operation {
        case "deliver": return arguments["minutesOver"]?.unsigned ?? 0 > 0 ? "The cold chain was broken" : nil
        case "recordOperation":
            for event in try platform.item(of: record).result.events where event.name == "nitrogenLimit" {
                let kilograms = (event.details["gramsPerHectare"]?.unsigned ?? 0) / 1000
                return
                    "\(kilograms) kg of nitrogen a hectare in \(event.details["year"]?.unsigned ?? 0), above the limit of \(TracingContract.nitrogenLimit / 1000)"
            }
            return nil
        case "weighBox", "measureArrival": return try difference(record, platform)
        case "harvest":
            let plot = try platform.state.get(TracingContract.plots, arguments["plot"]?.text ?? "")
            if let plot, !TracingContract.isPlausible(grams: arguments["grams"]?.unsigned ?? 0, on: plot) {
                return "More than \(plot.squareMetres) m² can bear"
            }
            let lot = try platform.state.get(TracingContract.harvestLots, arguments["lot"]?.text ?? "")
            return lot?.waitUntil.map {
                "Cut before the waiting period of what was applied ended, on \(Moment(milliseconds: Int64($0)).day.text)"
            }
        default: return nil
        }
    }

    /// Two parties state different things about one box: both stand, and the reader is told.
    private static func difference(_ record: IndexedRecord, _ platform: Platform) throws -> String? {
        for event in try platform.item(of: record).result.events {
            let details = event.details
            switch event.name {
            case "weightDiffers":
                let packed = details["packed"]?.unsigned ?? 0
                let weighed = details["weighed"]?.unsigned ?? 0
                let tenths = (max(packed, weighed) - min(packed, weighed)) * 1000 / max(1, packed)
                return
                    "\(tenths / 10).\(tenths % 10) % \(weighed < packed ? "less" : "more") than the \(Double(packed) / 1000) kg that \(platform.name(of: details["packer"]?.text ?? "")) states"
            case "temperatureDiffers":
                return
                    "Warmer than \(platform.name(of: details["carrier"]?.text ?? "")) says it ever was on the way: \(Double(details["told"]?.int ?? 0) / 100) °C"
            default: continue
            }
        }
        return nil
    }

    private static func fieldWork(
        _ kind: String, _ arguments: CBORMap, _ time: UInt64
    ) -> (TimelineStep.Stage, String, String, UInt64) {
        let amount = arguments["quantity"]?.unsigned.map { "\($0) \(unit(arguments["unit"]?.text))" }
        let detail = [arguments["product"]?.text, amount, arguments["seedLot"]?.text.map { "seed lot \($0)" }]
            .compactMap { $0 }.joined(separator: ", ")
        return switch kind {
        case "sowing": (.seed, "Sown", detail, time)
        case "fertilising": (.growth, "Fertilised", detail, time)
        case "watering": (.watering, "Watered", detail, time)
        default: (.growth, kind.prefix(1).uppercased() + kind.dropFirst(), detail, time)
        }
    }

    /// UN/ECE Recommendation 20 codes in words.
    private static func unit(_ code: String?) -> String {
        switch code {
        case "KGM": "kg"
        case "GRM": "g"
        case "MMT": "mm"
        case "E43": "kg/ha"
        default: code ?? ""
        }
    }
}
