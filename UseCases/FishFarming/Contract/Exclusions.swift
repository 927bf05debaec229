import ContractKit

/// What a cover does not pay for, as its model states it before anybody binds it; the contract decides by it.
public struct Exclusion: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Within so many hours of the cover's beginning.
        case waiting
        /// Where more than so many fish live on 100 m².
        case density
        /// Where advice of the service company has been open for more than so many hours.
        case advice
        /// Where an alarm of the pond was answered by nobody for more than so many minutes in the day before.
        case unanswered
    }

    public static let maximum = 8

    public let kind: Kind
    /// In the unit of the kind.
    public let limit: UInt64

    /// In plain words, as the farmer reads it.
    public var words: String {
        switch kind {
        case .waiting: "nothing in the first \(limit) hours after the cover begins"
        case .density: "nothing where more than \(limit) fish live on 100 square metres"
        case .advice: "nothing where advice was not followed for more than \(limit) hours"
        case .unanswered: "nothing where nobody answered an alarm of the pond within \(limit) minutes in the day before"
        }
    }

    init(cbor: Value) throws(ContractError) {
        guard let parts = cbor.array, parts.count == 2, let kind = parts[0].text.flatMap(Kind.init(rawValue:)),
            let limit = parts[1].unsigned, limit <= 1_000_000
        else { throw .corrupt("of an exclusion") }
        self.kind = kind
        self.limit = limit
    }

    var cbor: Value { .array([.text(kind.rawValue), .unsigned(limit)]) }
}

extension FishFarmingContract {
    /// The first of a cover's exclusions that holds now, in the order in which the model states them.
    func exclusion(
        of key: String, _ cover: CoverRecord, _ context: ContractContext
    ) throws(ContractError) -> Exclusion? {
        let model = try context.require(Self.models, cover.model, "the model")
        for exclusion in model.exclusions where try holds(exclusion, key, cover, context) { return exclusion }
        return nil
    }

    private func holds(
        _ exclusion: Exclusion, _ key: String, _ cover: CoverRecord, _ context: ContractContext
    ) throws(ContractError) -> Bool {
        switch exclusion.kind {
        case .waiting: return context.time < (try cover.boundAt.adding(exclusion.limit.multiplied(by: 3_600_000)))
        case .density:
            let batch = try context.require(Self.batches, cover.batch, "the batch")
            let pond = try context.require(Self.ponds, cover.pond, "the pond")
            let alive = batch.count - min(batch.count, batch.dead)
            return try alive.multiplied(by: 100) > exclusion.limit.multiplied(by: pond.squareMetres)
        case .advice:
            let span = try exclusion.limit.multiplied(by: 3_600_000)
            for (_, risk) in try context.state.scan(Self.risks, prefix: "\(Self.farmer(of: key))/", limit: 1000)
            where risk.doneAt == nil {
                if try risk.openedAt.adding(span) < context.time { return true }
            }
            return false
        case .unanswered:
            let span = try exclusion.limit.multiplied(by: 60_000)
            for (_, alarm) in try context.state.scan(Self.alarms, prefix: "\(cover.pond)/", limit: 10_000)
            where try alarm.raisedAt.adding(Self.day) >= context.time {
                if try alarm.raisedAt.adding(span) < alarm.acknowledgedAt ?? context.time { return true }
            }
            return false
        }
    }
}
