import DeviceKit
import Foundation
import Gateway
import Ledger
import SenML
import Synchronization

/// All lanes at a gateway: decides passages, opens barriers at once, and records both. It works while the node is away;
/// what it recorded meanwhile reaches the ledger later, once.
public final class LaneWatch: EdgeControl {
    private static let pause: Duration = .milliseconds(100)
    private static let listEvery: Duration = .milliseconds(700)

    private let state = Mutex(State())
    private let sightings: AsyncStream<LaneSighting>
    private let incoming: AsyncStream<LaneSighting>.Continuation

    fileprivate struct State {
        var lanes: [String: LaneTerms] = [:]
        /// By lane: its devices see the same car.
        var decisions: [String: PassageDecision] = [:]
        var loops: [String: LoopWatch] = [:]
        /// By camera.
        var health: [String: CameraHealth] = [:]
    }

    fileprivate enum Consequence: Sendable {
        case passage(PassageDecision.Decided, LaneTerms)
        case unread(LoopWatch.Car, LaneTerms)
        case call(CameraHealth.Finding, device: String, time: UInt64)
    }

    public init() {
        (sightings, incoming) = AsyncStream.makeStream()
    }

    public func accepted(_ readings: [AcceptedReading]) {
        for reading in readings { if let sighting = LaneSighting(reading) { incoming.yield(sighting) } }
    }

    public func run(on gateway: Gateway) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    if let list = try? await gateway.keptList("parking/lanes") { self.take(list) }
                    try? await Task.sleep(for: Self.listEvery)
                }
            }
            group.addTask {
                for await sighting in self.sightings {
                    for consequence in self.state.withLock({ $0.observe(sighting) }) {
                        await self.carryOut(consequence, gateway)
                    }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    let now = UInt64(Date().timeIntervalSince1970 * 1000)
                    for consequence in self.state.withLock({ $0.tick(now) }) {
                        await self.carryOut(consequence, gateway)
                    }
                    try? await Task.sleep(for: Self.pause)
                }
            }
        }
    }

    private func take(_ list: [UInt8]) {
        guard let items = try? LaneTerms.list(json: list) else { return }
        state.withLock { state in state.lanes = Dictionary(items.map { ($0.device, $0) }, uniquingKeysWith: { $1 }) }
    }

    // MARK: What follows

    private func carryOut(_ consequence: Consequence, _ gateway: Gateway) async {
        switch consequence {
        case .passage(let passage, let lane): await carryOut(passage, lane, gateway)
        case .unread(let car, let lane):
            let operation = Ledger.Operation(
                "parking", "unread",
                [("device", .text(car.device)), ("time", .unsigned(car.time)), ("image", .hash(car.image))])
            await Self.record(
                operation, about: car.device, purpose: "passage/\(car.device)/\(car.image.hex)", gateway)
            open(lane, "no plate was read: a person looks, nobody waits", car.image, car.received, gateway)
        case .call(let finding, let device, let time):
            let operation = Ledger.Operation(
                "parking", "maintenance",
                [
                    ("device", .text(device)), ("kind", "confidence"), ("value", .unsigned(finding.median)),
                    ("before", .unsigned(finding.best)),
                ])
            await Self.record(operation, about: device, purpose: "maintenance/\(device)/\(time)", gateway)
        }
    }

    private func carryOut(
        _ passage: PassageDecision.Decided, _ lane: LaneTerms, _ gateway: Gateway
    ) async {
        let read = passage.read
        let operation = Ledger.Operation(
            "parking", lane.direction == "entry" ? "arrive" : "depart",
            [
                ("device", .text(read.device)), ("time", .unsigned(read.time)),
                ("confidence", .unsigned(read.confidence)), ("image", .hash(read.image)),
                ("plate", .hash(read.plate)), ("shape", .hash(read.shape)), ("reads", .unsigned(passage.reads)),
            ] + (read.tag.map { [("tag", .hash($0))] } ?? []))
        // Durable before the barrier moves: a passage that nobody recorded is the one thing that cannot be repaired.
        await Self.record(
            operation, about: read.device, purpose: "passage/\(read.device)/\(read.image.hex)", gateway)
        open(lane, Self.reason(passage, lane), read.image, read.received, gateway)
    }

    /// - Parameter received: when the gateway had what it opens for, ms since 1970.
    private func open(_ lane: LaneTerms, _ reason: String, _ image: Hash32, _ received: UInt64, _ gateway: Gateway) {
        guard let barrier = lane.barrier.flatMap({ try? DeviceURN($0) }) else { return }
        Task { await Self.open(barrier, reason, image, received, gateway) }
    }

    /// A barrier does not wait for a disk that is full; but somebody has to hear of it.
    private static func record(
        _ operation: Ledger.Operation, about subject: String, purpose: String, _ gateway: Gateway
    ) async {
        do {
            try await gateway.record(operation, about: subject, purpose: purpose)
        } catch {
            gateway.configuration.logger.error("\(operation.name) of \(subject) was not kept: \(error)")
        }
    }

    /// Why a barrier opens. It never stays closed for want of money, certainty or a platform: that is settled later.
    static func reason(_ passage: PassageDecision.Decided, _ lane: LaneTerms) -> String {
        guard passage.isCertain else { return "plate uncertain: a person looks, nobody waits" }
        return lane.plates.contains(passage.read.plate.hex)
            ? "registered: paid under the mandate" : "visitor: can pay later"
    }

    private static func open(
        _ barrier: DeviceURN, _ reason: String, _ image: Hash32, _ received: UInt64, _ gateway: Gateway
    ) async {
        var word = "done"
        do {
            _ = try await gateway.request(
                "open", to: barrier, payload: [UInt8](#"{"reason":"\#(reason)"}"#.utf8),
                correlation: Array(image.bytes.prefix(16)), timeout: .seconds(5))
        } catch {
            word = "timeout"
        }
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        let elapsed = now > received ? min(600_000, now - received) : 0
        let operation = Ledger.Operation(
            "parking", "barrier",
            [
                ("image", .hash(image)), ("device", .text(barrier.text)), ("word", .text(word)),
                ("reason", .text(reason)), ("milliseconds", .unsigned(elapsed)),
            ])
        await record(operation, about: barrier.text, purpose: "barrier/\(image.hex)", gateway)
    }
}

extension LaneWatch.State {
    /// A device without a lane opens nothing and reports nothing but its readings.
    mutating func observe(_ sighting: LaneSighting) -> [LaneWatch.Consequence] {
        switch sighting {
        case .plate(let read):
            guard let lane = lanes[read.device] else { return [] }
            var consequences = take(read, lane)
            if let finding = health[read.device, default: CameraHealth()].observe(read.confidence) {
                consequences.append(.call(finding, device: read.device, time: read.time))
            }
            return consequences
        case .tag(let tag, let car):
            // A tag that stands for no car says nothing; the camera does.
            guard let lane = lanes[car.device], let known = lane.tags[tag.hex], let plate = Hash32(hex: known.plate),
                let shape = Hash32(hex: known.shape)
            else { return [] }
            return take(
                PassageDecision.Read(
                    device: car.device, time: car.time, plate: plate, shape: shape, image: car.image,
                    confidence: 1000, received: car.received, tag: tag), lane)
        case .loop(let car):
            guard let lane = lanes[car.device] else { return [] }
            loops[lane.lane, default: LoopWatch()].arrived(car)
            return []
        }
    }

    private mutating func take(_ read: PassageDecision.Read, _ lane: LaneTerms) -> [LaneWatch.Consequence] {
        loops[lane.lane]?.read(at: read.received)
        return decisions[lane.lane, default: PassageDecision(sure: lane.sure, agreeing: lane.agreeing)].observe(read)
            .map { .passage($0, lanes[$0.read.device] ?? lane) }
    }

    mutating func tick(_ now: UInt64) -> [LaneWatch.Consequence] {
        var consequences: [LaneWatch.Consequence] = []
        for name in decisions.keys.sorted() {
            for decided in decisions[name]?.tick(now) ?? [] {
                if let lane = lanes[decided.read.device] { consequences.append(.passage(decided, lane)) }
            }
        }
        for name in loops.keys.sorted() {
            if let car = loops[name]?.tick(now), let lane = lanes[car.device] {
                consequences.append(.unread(car, lane))
            }
        }
        return consequences
    }
}
