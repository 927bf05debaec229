import AgriculturalTracingService
import AutomatedParkingService
import ChattelMortgageService
import EnergyTradingService
import FishFarmingService
import UseCaseKit

/// The use cases of this program, in the order of the report. A further one is a line here.
public let useCases: [any UseCase] = [
    AgriculturalTracing(), FishFarming(), ChattelMortgage(), EnergyTrading(), AutomatedParking(),
]

extension [any UseCase] {
    /// These use cases and their companions, each once, companions first.
    public var withCompanions: [any UseCase] {
        var found: [any UseCase] = []
        for useCase in flatMap({ $0.companions.withCompanions + [$0] })
        where !found.contains(where: { $0.name == useCase.name }) {
            found.append(useCase)
        }
        return found
    }
}
