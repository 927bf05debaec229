import Foundation

/// The campaign's time of one device. It advances with the device's readings, not with the processor's clock, so that a
/// campaign with the same seed has the same values.
struct CampaignClock: Sendable {
    private let acceleration: Double
    private let timestamps: FarmConfiguration.Timestamps
    private(set) var now: Date

    init(_ configuration: FarmConfiguration) {
        acceleration = configuration.acceleration
        timestamps = configuration.timestamps
        now = configuration.campaignStart
    }

    /// So many real seconds pass.
    mutating func advance(_ seconds: Double) {
        now += seconds * acceleration
    }

    /// What a device puts into its reading: seconds since 1970, to the millisecond.
    var stamp: Double {
        let date = timestamps == .wallClock ? Date() : now
        return (date.timeIntervalSince1970 * 1000).rounded() / 1000
    }
}
