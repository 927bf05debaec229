import ContractKit

/// Covers: asked for, quoted, bound; paid by the index or, where it fails, after an audit (TR 6.2.11, 6.2.12).
extension FishFarmingContract {
    func requestCover(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.identifier(&arguments, "id")
        let key = try arguments.text("model", maximum: 200)
        let (batchID, batch) = try ownBatch(&arguments, context)
        let sum = try arguments.unsigned("sum", in: 1000...WalletContract.maximumAmount)
        try arguments.finish()
        try context.requireRole(Role.farmer)
        let model = try context.require(Self.models, key, "the model")
        guard model.kind == "cover", model.maximum >= 1000 else { throw .invalid("model", "a model for covers") }
        let insurer = String(key.prefix { $0 != "/" })
        let farm = try requireConsent(context.sender.id, to: insurer, for: model, context)
        let cover = "\(context.sender.id)/\(id)"
        guard try context.get(Self.covers, cover) == nil else { throw .exists("the cover \(id)") }
        let features = Features(farm, at: context.time)
        context.set(
            Self.covers, cover,
            CoverRecord(
                insurer: insurer, model: key, pond: batch.pond, batch: batchID, sum: min(sum, model.maximum),
                features: features, grade: try grade(of: context.sender.id, features, context)))
        try context.emit("coverRequested", subject: cover, [("institution", .text(insurer))])
    }

    /// The insurer has its model quote, and sets the whole sum aside: what is promised is there.
    func quote(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let key = try arguments.text("cover", maximum: 200)
        try arguments.finish()
        var cover = try context.require(Self.covers, key, "the cover")
        guard cover.insurer == context.sender.id else { throw .notAuthorised("it is addressed to \(cover.insurer)") }
        guard cover.stage == .asked else { throw Refusal.stage }
        let model = try context.require(Self.models, cover.model, "the model")
        _ = try requireConsent(Self.farmer(of: key), to: cover.insurer, for: model, context)
        let score = model.score(cover.features)
        cover.score = score.points
        cover.reasons = score.reasons
        if score.points < model.cutoff {
            cover.stage = .refused
        } else {
            try offer(key, &cover, model, lost: score.lost, context)
        }
        context.set(Self.covers, key, cover)
        try context.emit(
            "quoted", subject: key, [("stage", .text(cover.stage.rawValue)), ("score", .unsigned(cover.score))])
    }

    /// Quotes a premium and sets the sum aside.
    func offer(
        _ key: String, _ cover: inout CoverRecord, _ model: Scorecard, lost: UInt64, _ context: ContractContext
    ) throws(ContractError) {
        cover.stage = .quoted
        cover.basic = cover.sum / 1000 * model.rate
        // Each lost point adds a per mille of the basic premium.
        cover.loading = cover.basic / 1000 * lost
        let end = try context.time.adding(Self.offerTerm)
        let last = try end.adding((model.days + 1) * Self.day)
        for (purpose, amount) in [("index", cover.indexSum), ("audit", cover.sum - cover.indexSum)] where amount > 0 {
            try WalletContract.setAside(
                Hold(payee: Self.farmer(of: key), amount: amount, until: last, controller: name), Self.currency,
                payer: cover.insurer, id: Self.holdID(key, purpose), in: context)
        }
        cover.until = end
        context.schedule("cover \(key)", at: end)
    }

    /// The farmer pays the premium; the cover is in force.
    func bind(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.farmer)
        let key = "\(context.sender.id)/\(try arguments.text("id", maximum: 60))"
        try arguments.finish()
        var cover = try context.require(Self.covers, key, "the cover")
        guard cover.stage == .quoted else { throw Refusal.stage }
        let model = try context.require(Self.models, cover.model, "the model")
        _ = try requireConsent(context.sender.id, to: cover.insurer, for: model, context)
        var pond = try context.require(Self.ponds, cover.pond, "the pond")
        guard pond.covers.count < 8 else { throw Refusal.stage }
        let premium = try cover.basic.adding(cover.loading)
        if premium > 0 {
            try WalletContract.move(premium, Self.currency, from: context.sender.id, to: cover.insurer, in: context)
        }
        context.cancel("cover \(key)", at: cover.until)
        cover.stage = .live
        cover.boundAt = context.time
        cover.until = try context.time.adding(model.days * Self.day)
        context.schedule("cover \(key)", at: cover.until)
        pond.covers.append(key)
        context.set(Self.ponds, cover.pond, pond)
        context.set(Self.covers, key, cover)
        try context.emit("bound", subject: key, [("until", .unsigned(cover.until))])
    }

    func coverEnds(_ key: String, _ context: ContractContext) throws(ContractError) {
        guard var cover = try context.get(Self.covers, key), [.quoted, .live, .excluded, .paid].contains(cover.stage)
        else { return }
        if cover.stage != .paid {
            try WalletContract.settle(Self.hold(cover.insurer, key, "index"), paying: 0, in: context)
        }
        if cover.auditPaid == 0 {
            try WalletContract.settle(Self.hold(cover.insurer, key, "audit"), paying: 0, in: context)
        }
        cover.stage = .ended
        context.set(Self.covers, key, cover)
        guard var pond = try context.get(Self.ponds, cover.pond) else { return }
        pond.covers.removeAll { $0 == key }
        context.set(Self.ponds, cover.pond, pond)
    }
}
