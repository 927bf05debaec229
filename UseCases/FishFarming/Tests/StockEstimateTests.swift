import FishFarmingGateway
import Testing

/// FISH-11.
struct StockEstimateTests {
    private func inputs(days: Double, weighed: Double? = 100) -> StockEstimate.Inputs {
        StockEstimate.Inputs(
            species: "Nile tilapia", stocked: 1000, dead: 50, isConfirmed: true, weighed: weighed, days: days, feed: 0,
            temperature: 28, price: (300, 0))
    }

    @Test("on the day of a weighing it is number times weight, and worth that at the market's price")
    func today() throws {
        let estimate = StockEstimate(inputs(days: 0))
        #expect(estimate.alive == 950 && abs(estimate.biomass.expected - 95) < 0.001)
        let value = try #require(estimate.value)
        #expect(abs(value.expected - 28_500) < 1 && value.low < 28_500 && value.high > 28_500)
    }

    @Test("the band widens with every day without a weighing, and a weighing narrows it")
    func widens() {
        var before = 0.0
        for days in stride(from: 0.0, through: 90, by: 10) {
            let share = StockEstimate(inputs(days: days)).share
            #expect(share > before, "\(days)")
            before = share
        }
        #expect(StockEstimate(inputs(days: 0)).share < before)
        #expect(StockEstimate(inputs(days: 0, weighed: nil)).share > StockEstimate(inputs(days: 10)).share)
    }

    /// Nile tilapia of 10 g at 28 °C weigh about half a kilogram after six months, and trout of 50 g at 12 °C about 400 g.
    @Test("growth by warmth is that of such fish")
    func growth() {
        var tilapia = inputs(days: 180, weighed: 10)
        #expect((400...600).contains(StockEstimate(tilapia).grams.expected))
        tilapia.temperature = 20
        #expect((150...320).contains(StockEstimate(tilapia).grams.expected))
        var trout = inputs(days: 180, weighed: 50)
        (trout.species, trout.temperature) = ("Rainbow trout", 12)
        #expect((300...500).contains(StockEstimate(trout).grams.expected))
    }

    @Test("feed that says another growth than warmth widens the band; fry nobody confirmed and an old price do too")
    func doubts() throws {
        let warm = StockEstimate(inputs(days: 30))
        var fed = inputs(days: 30)
        // What such growth takes: no disagreement.
        fed.feed = (warm.grams.expected - 100) * 1.6 * 950
        let agreed = StockEstimate(fed)
        #expect(abs(agreed.share - warm.share) < 0.001)
        fed.feed /= 10
        #expect(StockEstimate(fed).share > agreed.share && StockEstimate(fed).grams.expected < agreed.grams.expected)
        var unconfirmed = inputs(days: 30)
        unconfirmed.isConfirmed = false
        #expect(StockEstimate(unconfirmed).share > warm.share)
        var old = inputs(days: 30)
        old.price = (300, 60)
        let (fresh, stale) = (try #require(warm.value), try #require(StockEstimate(old).value))
        #expect(stale.high - stale.low > fresh.high - fresh.low)
        old.price = nil
        #expect(StockEstimate(old).value == nil)
    }
}
