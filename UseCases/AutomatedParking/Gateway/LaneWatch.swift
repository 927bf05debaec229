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
    private let reads: AsyncStream<PassageDecision.Read>
    private let incoming: AsyncStream<PassageDecision.Read>.Continuation

    private struct State {
        var lanes: [String: LaneTerms] = [:]
        var decisions: [String: PassageDecision] = [:]
    }

    public init() {
        (reads, incoming) = AsyncStream.makeStream()
    }

    public func accepted(_ readings: [AcceptedReading]) {
        for reading in readings where reading.channel == PlateReading.channel {
            if let read = PlateReading.read(reading) { incoming.yield(read) }
        }
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
                for await read in self.reads {
                    let decided = self.decide(at: read.device) { $0.observe(read) }
                    for passage in decided { await self.carryOut(passage, gateway) }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    let now = UInt64(Date().timeIntervalSince1970 * 1000)
                    let devices = self.state.withLock { $0.decisions.keys.sorted() }
                    for device in devices {
                        for passage in self.decide(at: device, { $0.tick(now) }) {
                            await self.carryOut(passage, gateway)
                        }
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

    /// A camera without a lane opens nothing and reports nothing but its readings.
    private func decide(
        at device: String, _ step: (inout PassageDecision) -> [PassageDecision.Decided]
    ) -> [PassageDecision.Decided] {
        state.withLock { state in
            guard let lane = state.lanes[device] else { return [] }
            var decision = state.decisions[device] ?? PassageDecision(sure: lane.sure, agreeing: lane.agreeing)
            let decided = step(&decision)
            state.decisions[device] = decision
            return decided
        }
    }

    // MARK: What follows

    private func carryOut(_ passage: PassageDecision.Decided, _ gateway: Gateway) async {
        guard let lane = state.withLock({ $0.lanes[passage.read.device] }) else { return }
        let read = passage.read
        let operation = Ledger.Operation(
            "parking", lane.direction == "entry" ? "arrive" : "depart",
            [
                ("device", .text(read.device)), ("time", .unsigned(read.time)),
                ("confidence", .unsigned(read.confidence)), ("image", .hash(read.image)),
                ("plate", .hash(read.plate)), ("shape", .hash(read.shape)), ("reads", .unsigned(passage.reads)),
            ])
        // Durable before the barrier moves: a passage that nobody recorded is the one thing that cannot be repaired.
        await Self.record(
            operation, about: read.device, purpose: "passage/\(read.device)/\(read.image.hex)", gateway)
        guard let barrier = lane.barrier.flatMap({ try? DeviceURN($0) }) else { return }
        let reason = Self.reason(passage, lane)
        Task { await Self.open(barrier, reason, for: read, gateway) }
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
        _ barrier: DeviceURN, _ reason: String, for read: PassageDecision.Read, _ gateway: Gateway
    ) async {
        var word = "done"
        do {
            _ = try await gateway.request(
                "open", to: barrier, payload: [UInt8](#"{"reason":"\#(reason)"}"#.utf8),
                correlation: Array(read.image.bytes.prefix(16)), timeout: .seconds(5))
        } catch {
            word = "timeout"
        }
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        let elapsed = now > read.received ? min(600_000, now - read.received) : 0
        let operation = Ledger.Operation(
            "parking", "barrier",
            [
                ("image", .hash(read.image)), ("device", .text(barrier.text)), ("word", .text(word)),
                ("reason", .text(reason)), ("milliseconds", .unsigned(elapsed)),
            ])
        await record(operation, about: barrier.text, purpose: "barrier/\(read.image.hex)", gateway)
    }
}
