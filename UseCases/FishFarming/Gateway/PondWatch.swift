import DeviceKit
import Foundation
import Gateway
import Ledger
import SenML
import Synchronization

/// The control of all ponds at a gateway: feeds ``AeratorControl`` with readings, commands devices, and records what
/// happened. It takes the ponds from the ledger and keeps them on the disk, so it works while the node is away.
public final class PondWatch: EdgeControl {
    private static let pause: Duration = .milliseconds(200)
    private static let listEvery: Duration = .seconds(1)
    /// Feeds that may wait for their batch; the readings themselves are on the ledger in any case.
    private static let maximumFeeds = 1000
    /// Seconds of one water report.
    private let reportEvery: Double
    private let state = Mutex(State())

    private struct State {
        var ponds: [String: Pond] = [:]
        /// Grams that feeders gave and that are not on their way to the ledger yet.
        var feeds: [Feed] = []
    }

    private struct Feed {
        var device: String
        var sequence: UInt64
        var grams: Double
    }

    private struct Pond {
        var terms: PondTerms
        var control: AeratorControl
        var values: [(time: Double, oxygen: Double, isFit: Bool)] = []
        var nights = NightWatch()
        var reportedAt: Double
    }

    /// - Parameter reportEvery: seconds of one water report.
    public init(reportEvery: Double = 10) {
        self.reportEvery = reportEvery
    }

    // MARK: Readings

    public func accepted(_ readings: [AcceptedReading]) {
        state.withLock { state in
            for reading in readings { Self.take(reading, &state) }
        }
    }

    private static func take(_ reading: AcceptedReading, _ state: inout State) {
        let urn = reading.device.text
        func value(_ name: String) -> ResolvedRecord? { reading.records.first { $0.name.hasSuffix(":\(name)") } }
        if reading.channel == "feed", let grams = value("grams")?.number, grams > 0 {
            state.feeds.append(Feed(device: urn, sequence: reading.sequence, grams: grams))
        }
        for name in state.ponds.keys {
            guard var pond = state.ponds[name] else { continue }
            if pond.terms.probe == urn, let record = value("oxygen"), let oxygen = record.number {
                let isFit = reading.quality.isFitForContracts
                pond.control.observe(oxygen: oxygen, isFit: isFit, at: record.time)
                pond.values.append((record.time, oxygen, isFit))
                if isFit { pond.nights.observe(oxygen, at: pond.terms.pondTime(record.time)) }
            } else if let index = pond.terms.aerators.firstIndex(of: urn), let power = value("power")?.number {
                pond.control.observe(
                    power: power, isManual: (value("manual")?.number ?? 0) > 0, aerator: index,
                    at: Double(reading.received) / 1000)
            }
            state.ponds[name] = pond
        }
    }

    // MARK: Work

    public func run(on gateway: Gateway) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    if let list = try? await gateway.keptList("fish/ponds") { self.take(list) }
                    try? await Task.sleep(for: Self.listEvery)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    await self.step(gateway)
                    try? await Task.sleep(for: Self.pause)
                }
            }
        }
    }

    private func take(_ list: [UInt8]) {
        guard let items = try? PondTerms.list(json: list) else { return }
        let now = Date().timeIntervalSince1970
        state.withLock { state in
            state.ponds = Dictionary(
                items.map { terms in
                    var pond =
                        state.ponds[terms.pond]
                        ?? Pond(terms: terms, control: AeratorControl(terms.settings, now: now), reportedAt: now)
                    pond.terms = terms
                    pond.control.settings = terms.settings
                    return (terms.pond, pond)
                }, uniquingKeysWith: { $1 })
        }
    }

    private func step(_ gateway: Gateway) async {
        let now = Date().timeIntervalSince1970
        let (work, reports, nights, feeds) = state.withLock { state in
            var work: [(PondTerms, [AeratorControl.Action])] = []
            var reports: [(PondTerms, Ledger.Operation, Double)] = []
            var nights: [(PondTerms, NightWatch.Word)] = []
            for name in state.ponds.keys.sorted() {
                guard var pond = state.ponds[name] else { continue }
                let time = pond.terms.pondTime(now)
                for word in pond.nights.pass(time, isAerating: pond.control.isOn, misses: pond.terms.misses) {
                    nights.append((pond.terms, word))
                }
                let actions = pond.control.decide(
                    now: now, hour: NightWatch.hour(time), expected: pond.nights.expected(time))
                if !actions.isEmpty { work.append((pond.terms, actions)) }
                if now - pond.reportedAt >= reportEvery {
                    if let operation = Self.report(pond) { reports.append((pond.terms, operation, pond.reportedAt)) }
                    pond.reportedAt = now
                    pond.values = []
                }
                state.ponds[name] = pond
            }
            var feeds: [(PondTerms, String, Feed)] = []
            var waiting: [Feed] = []
            for feed in state.feeds {
                let terms = state.ponds.values.first { $0.terms.feeder == feed.device }?.terms
                // Feed of a batch that the gateway has not heard of yet waits for it.
                if let terms, let batch = terms.batch {
                    feeds.append((terms, batch, feed))
                } else {
                    waiting.append(feed)
                }
            }
            state.feeds = waiting.suffix(Self.maximumFeeds)
            return (work, reports, nights, feeds)
        }
        for (terms, actions) in work { await carryOut(actions, of: terms, on: gateway) }
        for (terms, operation, at) in reports {
            await record(operation, of: terms, "water/\(Int(at * 1000))", on: gateway)
        }
        for (terms, word) in nights {
            await record(word.operation(of: terms.pond), of: terms, word.purpose, on: gateway)
        }
        for (terms, batch, feed) in feeds {
            let operation = Ledger.Operation(
                "fish", "recordFeed",
                [
                    ("batch", .text(batch)), ("grams", .unsigned(UInt64(feed.grams.rounded()))),
                    ("device", .text(feed.device)),
                ])
            await record(operation, of: terms, "feed/\(feed.device)/\(feed.sequence)", on: gateway)
        }
    }

    private static func report(_ pond: Pond) -> Ledger.Operation? {
        let times = pond.values.map(\.time)
        guard let first = times.min(), let last = times.max(), last > first else { return nil }
        let fit = pond.values.filter(\.isFit).map(\.oxygen)
        let used = fit.isEmpty ? pond.values.map(\.oxygen) : fit
        func hundredths(_ value: Double) -> CBOR { .unsigned(UInt64((min(50, max(0, value)) * 100).rounded())) }
        return Ledger.Operation(
            "fish", "reportWater",
            [
                ("pond", .text(pond.terms.pond)), ("from", .unsigned(UInt64(first * 1000))),
                ("to", .unsigned(UInt64(last * 1000))), ("low", hundredths(used.min() ?? 0)),
                ("mean", hundredths(used.reduce(0, +) / Double(max(1, used.count)))),
                ("high", hundredths(used.max() ?? 0)), ("samples", .unsigned(UInt64(pond.values.count))),
                ("fit", .unsigned(UInt64(fit.count))),
            ])
    }

    private func carryOut(_ actions: [AeratorControl.Action], of terms: PondTerms, on gateway: Gateway) async {
        for action in actions {
            switch action {
            case .set(let index, let isOn):
                guard terms.aerators.indices.contains(index), let device = try? DeviceURN(terms.aerators[index]) else {
                    continue
                }
                var words: String
                do {
                    let reply = try await gateway.request(
                        "aerate", to: device, payload: Array(#"{"on":\#(isOn ? 1 : 0)}"#.utf8), timeout: .seconds(5))
                    words = String(decoding: reply, as: UTF8.self)
                } catch {
                    words = "\(error)"
                }
                words = String(words.prefix(150))
                let now = Date().timeIntervalSince1970
                if isOn { state.withLock { $0.ponds[terms.pond]?.control.answered(words, at: now) } }
            case .alarm(let words):
                let operation = Ledger.Operation(
                    "devices", "event",
                    [
                        ("device", .text(terms.probe)), ("name", "alarm"),
                        ("at", .unsigned(UInt64(Date().timeIntervalSince1970 * 1000))),
                        ("details", .bytes(Array(#"{"pond":"\#(terms.pond)","alarm":"\#(words)"}"#.utf8))),
                    ])
                let id = UUID().uuidString
                await record(operation, of: terms, "alarm/\(words)/\(id)", on: gateway)
                let alarm = Ledger.Operation(
                    "fish", "raiseAlarm",
                    [("pond", .text(terms.pond)), ("alarm", .text(id)), ("words", .text(String(words.prefix(150))))])
                await record(alarm, of: terms, "raise/\(id)", on: gateway)
            case .ended(let incident):
                await record(
                    incident.operation(of: terms.pond), of: terms, "incident/\(Int(incident.startedAt * 1000))",
                    on: gateway)
            }
        }
    }

    private func record(
        _ operation: Ledger.Operation, of terms: PondTerms, _ purpose: String, on gateway: Gateway
    ) async {
        do {
            try await gateway.record(
                operation, about: "pond:\(terms.pond)", purpose: "fish/\(terms.pond)/\(purpose)")
        } catch {
            gateway.configuration.logger.error("\(operation.name) of pond \(terms.pond) was not kept: \(error)")
        }
    }
}

extension AeratorControl.Incident {
    /// As the contract takes it: hundredths of mg/L and milliseconds.
    func operation(of pond: String) -> Ledger.Operation {
        func hundredths(_ value: Double) -> CBOR { .unsigned(UInt64((min(50, max(0, value)) * 100).rounded())) }
        func time(_ value: Double?) -> CBOR { value.map { .unsigned(UInt64($0 * 1000)) } ?? .null }
        return Ledger.Operation(
            "fish", "reportIncident",
            [
                ("pond", .text(pond)), ("incident", .text("i\(UInt64(startedAt * 1000))")), ("cause", .text(cause)),
                ("reading", hundredths(reading)), ("lowest", hundredths(lowest)), ("command", .text(command)),
                ("answer", .text(answer)), ("startedAt", time(startedAt)), ("answeredAt", time(answeredAt)),
                ("recoveredAt", time(recoveredAt)), ("endedAt", time(endedAt)), ("hasWorked", .bool(hasWorked)),
                ("isByHand", .bool(isByHand)),
            ])
    }
}
