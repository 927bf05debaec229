import ContractKit

/// Levels of oxygen by species and stage of life, hundredths of mg/L. A pond's own levels hold where they are higher.
///
/// Small fish breathe more for their weight than large ones; trout and salmon need cold water rich in oxygen, catfish and
/// carp bear little. Values after the usual advice of extension services; a farmer may always ask for more.
public struct WaterLevels: Sendable, Hashable {
    public enum Stage: String, Sendable, CaseIterable {
        case fry, fingerling, grown

        /// By the mean weight of a fish, g.
        public init(grams: UInt64) { self = grams < 5 ? .fry : grams < 50 ? .fingerling : .grown }
    }

    public let on: UInt64
    public let off: UInt64
    public let alarm: UInt64
    /// A fall in an hour that is an alarm of its own, whatever the level.
    public let fall: UInt64

    /// Words in the names of species, and levels of grown fish.
    private static let table: [(words: [String], grown: WaterLevels)] = [
        (["trout", "salmon", "char"], WaterLevels(on: 600, off: 750, alarm: 450, fall: 150)),
        (["perch", "bass", "pike"], WaterLevels(on: 450, off: 600, alarm: 300, fall: 150)),
        (["carp", "tench"], WaterLevels(on: 300, off: 450, alarm: 150, fall: 200)),
        (["catfish", "pangasius"], WaterLevels(on: 250, off: 400, alarm: 130, fall: 200)),
        (["tilapia"], WaterLevels(on: 300, off: 500, alarm: 200, fall: 200)),
    ]
    /// A fall that is an alarm for fish that the table does not know.
    public static let usualFall: UInt64 = 200

    public init(on: UInt64, off: UInt64, alarm: UInt64, fall: UInt64) {
        self.on = on
        self.off = off
        self.alarm = alarm
        self.fall = fall
    }

    /// nil for a species that the table does not know.
    public init?(species: String, stage: Stage) {
        let name = species.lowercased()
        guard let row = Self.table.first(where: { $0.words.contains { name.contains($0) } }) else { return nil }
        let more: UInt64 =
            switch stage {
            case .fry: 100
            case .fingerling: 50
            case .grown: 0
            }
        let grown = row.grown
        self.init(on: grown.on + more, off: grown.off + more, alarm: grown.alarm + more, fall: grown.fall - more)
    }

    /// Levels of a pond with its fish: the farmer's own, raised to what species and stage need once fish were weighed.
    public init(_ pond: PondRecord, batch: BatchRecord?) {
        let own = WaterLevels(on: pond.on, off: pond.off, alarm: pond.alarm, fall: Self.usualFall)
        guard let batch, batch.meanGrams > 0,
            let need = WaterLevels(species: batch.species, stage: Stage(grams: batch.meanGrams))
        else {
            self = own
            return
        }
        self.init(
            on: max(own.on, need.on), off: max(own.off, need.off), alarm: max(own.alarm, need.alarm), fall: need.fall)
    }
}
