import FishFarmingContract
import PortalKit

/// Inputs and stages of a case in words.
enum FishWords {
    static func title(_ feature: Feature) -> String {
        switch feature {
        case .historyDays: "Length of the record"
        case .dataFit: "Time with valid oxygen data"
        case .lowOxygen: "Time with oxygen below the alarm level"
        case .failedRemedies: "Emergencies in which aeration failed"
        case .survival: "Fish that live"
        case .fryConfirmed: "Fry confirmed by the supplier"
        case .feedByDevice: "Feed counted by a feeder"
        case .medicineBreaches: "Harvests inside a withdrawal period"
        case .repaid: "Loans repaid here"
        }
    }

    static func value(_ feature: Feature, _ value: UInt64) -> String {
        switch feature {
        case .historyDays: "\(value) days"
        case .failedRemedies, .medicineBreaches, .repaid: "\(value)"
        case .dataFit, .lowOxygen, .survival, .fryConfirmed, .feedByDevice: percent(value)
        }
    }

    static func percent(_ permille: UInt64) -> String { "\(permille / 10).\(permille % 10) %" }

    static func stage(_ word: String) -> String {
        if case .mark(let words, _) = FishWork.stage(word) { words } else { word }
    }
}
