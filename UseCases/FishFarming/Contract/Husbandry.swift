import ContractKit

/// Ponds, fish, feed and medicine (TR 6.2.12).
extension FishFarmingContract {
    func registerPond(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let pond = try Self.identifier(&arguments, "pond")
        let record = PondRecord(
            owner: context.sender.id, species: try arguments.text("species", maximum: 60),
            squareMetres: try arguments.unsigned("squareMetres", in: 1...10_000_000),
            gateway: try arguments.text("gateway", maximum: 100), probe: try arguments.text("probe", maximum: 200),
            aerators: try arguments.texts("aerators", maximum: 8),
            feeder: try arguments.optionalText("feeder", maximum: 200),
            on: try arguments.unsigned("on", in: 50...1500), off: try arguments.unsigned("off", in: 50...1500),
            alarm: try arguments.unsigned("alarm", in: 10...1500),
            shortest: try arguments.unsigned("shortest", in: 0...Self.day),
            site: try arguments.optionalText("site", maximum: 60),
            clock: PondClock(
                midnight: try arguments.optionalUnsigned("midnight") ?? 0,
                pace: try arguments.optionalUnsigned("pace") ?? 1))
        try arguments.finish()
        _ = try ownFarm(context)
        guard record.alarm < record.on, record.on < record.off else {
            throw .invalid("on", "above alarm and below off")
        }
        guard (1...PondClock.fastest).contains(record.clock.pace) else {
            throw .invalid("pace", "1 to \(PondClock.fastest)")
        }
        guard try context.get(Self.ponds, pond) == nil else { throw .exists("the pond \(pond)") }
        for urn in [record.probe] + record.aerators + (record.feeder.map { [$0] } ?? []) {
            let device = try context.require(MembershipContract.devices, urn, "the device")
            guard device.owner == context.sender.id, device.gateway == record.gateway else {
                throw .notAuthorised("\(urn) is not a device of \(context.sender.id) at \(record.gateway)")
            }
        }
        context.set(Self.ponds, pond, record)
    }

    func stock(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try Self.identifier(&arguments, "batch")
        var record = BatchRecord(
            owner: context.sender.id, pond: try arguments.text("pond", maximum: 60),
            species: try arguments.text("species", maximum: 60), supplier: try arguments.text("supplier", maximum: 100),
            count: try arguments.unsigned("count", in: 1...100_000_000), stockedAt: context.time,
            certificate: try arguments.hash("certificate"))
        try arguments.finish()
        let pond = try context.require(Self.ponds, record.pond, "the pond")
        guard pond.owner == context.sender.id else { throw .notAuthorised("the pond belongs to \(pond.owner)") }
        var farm = try farm(of: context.sender.id, collecting: .fry, context)
        guard try context.get(Self.batches, id) == nil else { throw .exists("the batch \(id)") }
        farm.stocked = try farm.stocked.adding(record.count)
        farm.byWord = try farm.byWord.adding(1)
        try add(
            ReportRecord(.fry, stated: record.count, verdict: .plausible, at: context.time), to: id, &record, context)
        context.set(Self.farms, context.sender.id, farm)
        context.set(Self.batches, id, record)
    }

    func confirmFry(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(Role.supplier)
        let id = try arguments.text("batch", maximum: 60)
        let delivered = try arguments.optionalUnsigned("count")
        try arguments.finish()
        var batch = try context.require(Self.batches, id, "the batch")
        guard batch.supplier == context.sender.id else { throw .notAuthorised("the supplier is \(batch.supplier)") }
        guard !batch.isConfirmed else { throw Refusal.stage }
        var farm = try farm(of: batch.owner, collecting: .fry, context)
        batch.isConfirmed = true
        try compareFry(id, batch, delivered: delivered ?? batch.count, context)
        farm.stockedConfirmed = try farm.stockedConfirmed.adding(batch.count)
        farm.byOthers = try farm.byOthers.adding(1)
        context.set(Self.batches, id, batch)
        context.set(Self.farms, batch.owner, farm)
    }

    /// Feed as given: by the gateway, for a feeder that counts; or by the farmer's word.
    func recordFeed(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("batch", maximum: 60)
        let grams = try arguments.unsigned("grams", in: 1...100_000_000)
        let device = try arguments.optionalText("device", maximum: 200)
        try arguments.finish()
        var batch = try context.require(Self.batches, id, "the batch")
        var farm = try farm(of: batch.owner, collecting: .feed, context)
        let pond = try context.require(Self.ponds, batch.pond, "the pond")
        if let device {
            // Only devices that a registrar vouched for count as devices.
            guard pond.feeder == device, context.sender.id == pond.gateway else {
                throw .notAuthorised("feed of a feeder is told by the gateway of its pond")
            }
            farm.feedByDevice = try farm.feedByDevice.adding(grams)
            farm.byDevice = try farm.byDevice.adding(1)
            batch.counted = try batch.counted.adding(grams)
        } else {
            guard batch.owner == context.sender.id else { throw .notAuthorised("the batch belongs to \(batch.owner)") }
            farm.feedStated = try farm.feedStated.adding(grams)
            farm.byWord = try farm.byWord.adding(1)
            try compareFeed(grams, id, &batch, context)
        }
        batch.feed = try batch.feed.adding(grams)
        context.set(Self.batches, id, batch)
        context.set(Self.farms, batch.owner, farm)
    }

    /// The farmer asks the feeder to feed; at low oxygen it is refused.
    func requestFeeding(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("pond", maximum: 60)
        _ = try arguments.unsigned("grams", in: 1...1_000_000)
        try arguments.finish()
        let pond = try context.require(Self.ponds, id, "the pond")
        guard pond.owner == context.sender.id else { throw .notAuthorised("the pond belongs to \(pond.owner)") }
        guard pond.feeder != nil else { throw .notFound("the feeder of this pond") }
        guard pond.lastAt > 0, pond.oxygen >= pond.on else { throw Refusal.feeding(pond.oxygen) }
        try context.emit("feedingRequested", subject: "pond:\(id)")
    }

    func recordMedicine(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let id = try arguments.text("batch", maximum: 60)
        _ = try arguments.text("product", maximum: 100)
        _ = try arguments.text("dose", maximum: 60)
        let days = try arguments.unsigned("withdrawalDays", in: 0...365)
        try arguments.finish()
        try context.requireRole(Role.vet)
        var batch = try context.require(Self.batches, id, "the batch")
        var farm = try farm(of: batch.owner, collecting: .medicine, context)
        batch.withheldUntil = max(batch.withheldUntil, try context.time.adding(days * Self.day))
        farm.byOthers = try farm.byOthers.adding(1)
        context.set(Self.batches, id, batch)
        context.set(Self.farms, batch.owner, farm)
    }

    func recordMortality(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, batch) = try ownBatch(&arguments, context)
        let count = try arguments.unsigned("count", in: 1...100_000_000)
        _ = try arguments.optionalText("cause", maximum: 60)
        try arguments.finish()
        var farm = try farm(of: batch.owner, collecting: .fry, context)
        batch.dead = try batch.dead.adding(count)
        guard batch.dead <= batch.count else { throw Refusal.fish }
        farm.dead = try farm.dead.adding(count)
        farm.byWord = try farm.byWord.adding(1)
        context.set(Self.batches, id, batch)
        context.set(Self.farms, batch.owner, farm)
    }

    func weigh(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, batch) = try ownBatch(&arguments, context)
        batch.meanGrams = try arguments.unsigned("meanGrams", in: 1...100_000)
        try arguments.finish()
        batch.weighedAt = context.time
        batch.feedBefore = batch.feed
        context.set(Self.batches, id, batch)
    }

    func harvest(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        var (id, batch) = try ownBatch(&arguments, context)
        let grams = try arguments.unsigned("grams", in: 1...1_000_000_000_000)
        try arguments.finish()
        batch.harvested = try batch.harvested.adding(grams)
        try compareDeaths(harvested: batch.harvested, id, &batch, context)
        if batch.withheldUntil > context.time {
            var farm = try farm(of: batch.owner, collecting: .medicine, context)
            farm.breaches = try farm.breaches.adding(1)
            context.set(Self.farms, batch.owner, farm)
            try context.emit("harvestInWithdrawal", subject: "batch:\(id)", [("until", .unsigned(batch.withheldUntil))])
        }
        context.set(Self.batches, id, batch)
    }
}
