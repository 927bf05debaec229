import APIKit
import FishFarmingContract
import FishFarmingGateway
import PortalKit
import UseCaseKit

/// What the fish of a batch weigh and are worth now, as far as it is known to who looks.
struct StockView: Sendable {
    private typealias Fish = FishFarmingContract
    private static let day = 86_400_000.0

    let estimate: StockEstimate
    let weighedAt: UInt64

    init(_ id: String, _ batch: BatchRecord, _ platform: Platform, _ session: Session) throws {
        let pond = try platform.state.get(Fish.ponds, batch.pond)
        let since = max(batch.stockedAt, batch.weighedAt)
        let pace = Double(pond?.clock.pace ?? 1)
        let now = platform.now
        // Of a pond whose time is short, its own days count.
        let days = Double(now - min(now, since)) * pace / Self.day
        let measured = try pond.map {
            try platform.readings(for: session).readings(
                device: $0.probe, quantity: "temperature", from: since, to: now, limit: 500
            ).map(\.value).filter(\.isFinite)
        }
        let price = try Fish.prices(of: batch.species, in: platform.state).last
        weighedAt = batch.weighedAt
        let warmth: Double? = measured.flatMap { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) }
        let weighed: Double? = batch.meanGrams > 0 ? Double(batch.meanGrams) : nil
        let feed = Double(batch.feed - min(batch.feed, batch.feedBefore))
        var known: (value: Double, days: Double)?
        if let price { known = (Double(price.price), max(0, Double(now) / Self.day - Double(price.day))) }
        estimate = StockEstimate(
            StockEstimate.Inputs(
                species: batch.species, stocked: batch.count, dead: batch.dead, isConfirmed: batch.isConfirmed,
                weighed: weighed, days: days, feed: feed, temperature: warmth, price: known))
    }

    /// Kilograms with their band.
    var biomass: String {
        "\(Self.whole(estimate.biomass.expected)) kg, \(Self.whole(estimate.biomass.low)) to "
            + "\(Self.whole(estimate.biomass.high))"
    }

    var value: String {
        guard let value = estimate.value else { return "no price yet" }
        func money(_ amount: Double) -> String { FishWork.money(UInt64(max(0, amount.rounded()))) }
        return "\(money(value.expected)), \(money(value.low)) to \(money(value.high))"
    }

    private static func whole(_ value: Double) -> String { figure(value, decimals: value < 100 ? 1 : 0) }

    func facts(_ grounds: Grounds?) -> [Fact] {
        let how =
            weighedAt == 0
            ? "never weighed: by the age, feed and water of the fish alone"
            : "by the last weighing, and feed and water since; weigh again, and the band gets narrower"
        return [
            Fact("Estimated weight", biomass, note: how, grounds: grounds),
            Fact("Estimated value", value, note: estimate.value == nil ? nil : "at the last price of the market", grounds: grounds),
        ]
    }

    /// A population of fish in the words of the Smart Data Models (dataModel.Aquaculture), with the estimate beside it.
    func population(_ id: String, _ batch: BatchRecord) -> [String: Any] {
        func range(_ range: StockEstimate.Range) -> [String: Any] {
            ["low": range.low, "expected": range.expected, "high": range.high]
        }
        var estimated: [String: Any] = [
            "gramsPerFish": range(estimate.grams), "kilograms": range(estimate.biomass), "share": estimate.share,
        ]
        if let value = estimate.value { estimated["minorUnits"] = range(value) }
        func name(_ type: String, _ id: String) -> String {
            "urn:ngsi-ld:\(type):\(id.map { $0 == " " ? "-" : String($0) }.joined())"
        }
        return [
            "id": name("FishPopulation", id), "type": "FishPopulation", "initialNumber": batch.count,
            "fishRemoved": batch.dead, "bodyMasse": estimate.grams.expected,
            "culturedIn": name("FishContainment", batch.pond), "refSpecie": name("Specie", batch.species),
            "estimate": estimated,
        ]
    }
}
