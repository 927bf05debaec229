import DeviceKit
import Foundation
import Gateway
import Ledger
import MQTT
import SenML
import Testing

@Suite(
    "Gateway with a real broker, skipped where mosquitto is not installed",
    .enabled(if: TestField.isPossible), .serialized)
struct GatewayTests {
    @Test("Readings become one batch after the other, each provable against its root")
    func batches() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            var configuration = try field.configuration()
            configuration.batch.readings = 10
            try await field.running(configuration) { gateway in
                let session = try field.session(device)
                for value in 0..<95 {
                    try await session.publish(TestField.pack(device, Double(value)), channel: "soil")
                }
                try await field.wait("95 readings") { field.node.state.withLock { $0.readings.count } == 95 }
                try await field.wait("no backlog") { gateway.counters.backlog == 0 }
                await session.close()
                #expect(gateway.counters.messages["accepted"] == 95)
                #expect(gateway.counters.settled == 95)
            }
            let (readings, batches) = field.node.state.withLock { ($0.readings, $0.batches) }
            #expect(readings.map(\.sequence) == Array(1...95))
            #expect(readings.allSatisfy { $0.isSigned(by: device.signingKey.verifyingKey) })
            #expect(batches.allSatisfy { $0.isSigned(by: field.gatewayKey.verifyingKey) && $0.issuer == "gateway-1" })
            #expect(batches.allSatisfy { $0.sealedBatch != nil && $0.ledger == TestField.ledger })
        }
    }

    @Test("Over an outage of the node every reading arrives once, in order, with its own times")
    func outage() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            var configuration = try field.configuration()
            configuration.batch.readings = 7
            configuration.inFlight = 4
            var sent: [Double] = []
            try await field.running(configuration) { gateway in
                let session = try field.session(device)
                let start = Date().timeIntervalSince1970 - 600
                func send(_ count: Int) async throws {
                    for _ in 0..<count {
                        sent.append(start + Double(sent.count))
                        try await session.publish(
                            TestField.pack(device, Double(sent.count), time: sent.last), channel: "soil")
                    }
                }
                try await send(20)
                try await field.wait("the first 20") { gateway.counters.settled == 20 && gateway.counters.backlog == 0 }
                field.node.state.withLock { $0.isDown = true }
                try await send(60)
                try await field.wait("a backlog") {
                    gateway.counters.backlog == 60 && gateway.counters.messages["accepted"] == 80
                }
                try await field.wait("nobody answers") { !gateway.counters.isNodeReachable }
                field.node.state.withLock { state in
                    state.isDown = false
                    state.loseAnswers = 3
                }
                try await send(20)
                try await field.wait("all 100") { field.node.state.withLock { $0.readings.count } >= 100 }
                try await field.wait("no backlog") { gateway.counters.backlog == 0 }
                await session.close()
            }
            let readings = field.node.state.withLock { $0.readings }
            #expect(readings.map(\.sequence) == Array(1...100))
            let times = try readings.map { try SenMLPack(decoding: $0.payload).resolve(now: 0)[0].time }
            #expect(times == sent)
            #expect(readings.allSatisfy { $0.quality == [] })
        }
    }

    @Test("A restart of the gateway during an outage loses nothing and repeats nothing")
    func restart() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            let configuration = try field.configuration()
            let session = try field.session(device)
            try await field.running(configuration) { gateway in
                for value in 0..<10 {
                    try await session.publish(TestField.pack(device, Double(value)), channel: "soil")
                }
                try await field.wait("10 taken") { gateway.counters.messages["accepted"] == 10 }
                field.node.state.withLock { $0.isDown = true }
                for value in 10..<30 {
                    try await session.publish(TestField.pack(device, Double(value)), channel: "soil")
                }
                try await field.wait("30 taken") { gateway.counters.messages["accepted"] == 30 }
            }
            // The broker keeps these for the gateway's session.
            for value in 30..<40 { try await session.publish(TestField.pack(device, Double(value)), channel: "soil") }
            field.node.state.withLock { $0.isDown = false }
            try await field.running(configuration) { gateway in
                try await field.wait("all 40") { field.node.state.withLock { $0.readings.count } >= 40 }
                try await field.wait("no backlog") { gateway.counters.backlog == 0 }
            }
            await session.close()
            #expect(field.node.state.withLock { $0.readings.map(\.sequence) } == Array(1...40))
        }
    }

    @Test("Expired and rejected batches are signed again under the same positions")
    func rejections() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            var configuration = try field.configuration()
            configuration.batch.readings = 2
            try await field.running(configuration) { gateway in
                let session = try field.session(device)
                try await session.publish(TestField.pack(device, 0), channel: "soil")
                // The epoch is announced by then.
                try await field.wait("the first reading") { gateway.counters.settled == 1 }
                field.node.state.withLock { state in
                    state.isExpiring = true
                    state.rejectNext = [.init(code: "membership/5"), .init(code: "membership/5")]
                }
                for value in 1..<12 {
                    try await session.publish(TestField.pack(device, Double(value)), channel: "soil")
                }
                try await field.wait("12 readings") { field.node.state.withLock { $0.readings.count } == 12 }
                try await field.wait("no backlog") { gateway.counters.backlog == 0 }
                await session.close()
                let counters = gateway.counters
                #expect(counters.rejections["expired"] == 1)
                #expect(counters.rejections["membership/5"] == 2)
                #expect(counters.resigned >= 3)
                #expect(try await gateway.rejectedBatches().isEmpty)
            }
            #expect(field.node.state.withLock { $0.readings.map(\.sequence) } == Array(1...12))
        }
    }

    @Test("Quality marks: out of range, gap, skew, rate, frozen")
    func quality() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            var configuration = try field.configuration()
            configuration.profiles["standard"] = DeviceProfile(
                name: "standard",
                byQuantity: [
                    "moisture": .init(range: 0...100, maximumRate: 5, tolerance: 5, frozenAfter: 120)
                ])
            try await field.running(configuration) { gateway in
                let client = try MQTTClient(try field.mqtt(device.urn.text))
                let now = Date().timeIntervalSince1970
                let cases: [(UInt64, Double, Double)] = [
                    (1, 50, now - 3000), (2, 120, now - 2000), (4, 50, now - 1000), (5, 50, now - 950),
                    (6, 50, now - 870), (7, 90, now + 900), (8, 50, now + 901), (9, 90, now - 90_000),
                ]
                for (sequence, value, time) in cases {
                    let message = DeviceMessage(
                        signing: try TestField.pack(device, value, time: time).json(), topic: TestField.topic(device),
                        sequence: sequence, with: device.signingKey)
                    while try await client.publish(message.mqttMessage) == .noSubscribers {}
                }
                try await field.wait("8 readings") { field.node.state.withLock { $0.readings.count } == 8 }
                await client.close()
            }
            let marks = field.node.state.withLock { $0.readings.map(\.quality) }
            #expect(
                marks == [
                    [], .outOfRange, .sequenceGap, [], .frozen, .clockSkew, [.clockSkew, .rateOfChange],
                    [.clockSkew, .outOfOrder],
                ])
        }
    }

    @Test("A full store stops taking messages and loses none")
    func fullStore() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            var configuration = try field.configuration()
            configuration.limits.backlog = 20
            configuration.receiveWindow = 8
            try await field.running(configuration) { gateway in
                let session = try field.session(device)
                try await session.publish(TestField.pack(device, 0), channel: "soil")
                field.node.state.withLock { $0.isDown = true }
                for value in 1..<100 {
                    try await session.publish(TestField.pack(device, Double(value)), channel: "soil")
                }
                try await Task.sleep(for: .milliseconds(500))
                #expect(gateway.counters.backlog <= 20 + 2 * 8)
                field.node.state.withLock { $0.isDown = false }
                try await field.wait("all 100") { field.node.state.withLock { $0.readings.count } >= 100 }
                await session.close()
            }
            #expect(field.node.state.withLock { $0.readings.map(\.sequence) } == Array(1...100))
        }
    }

    @Test("With the policy spill, what comes while the store is full becomes a dead letter that can be replayed")
    func spill() async throws {
        try await TestField.with { field in
            let device = try TestField.identity(1)
            field.enrol(device)
            var configuration = try field.configuration()
            configuration.limits.backlog = 5
            configuration.whenFull = .spill
            try await field.running(configuration) { gateway in
                let session = try field.session(device)
                try await session.publish(TestField.pack(device, 0), channel: "soil")
                try await field.wait("the first") { field.node.state.withLock { $0.readings.count } == 1 }
                field.node.state.withLock { $0.isDown = true }
                for value in 1..<20 {
                    try await session.publish(TestField.pack(device, Double(value)), channel: "soil")
                }
                // All have to be here before the node is back: what comes later counts on, and would shut the others out.
                try await field.wait("dead letters") {
                    let spilled = gateway.counters.messages["buffer-full"] ?? 0
                    return spilled + UInt64(gateway.counters.backlog) == 19
                }
                let letters = try await gateway.deadLetters()
                #expect(letters.count + gateway.counters.backlog + 1 == 20)
                #expect(letters.allSatisfy { $0.reason == "buffer-full" })
                field.node.state.withLock { $0.isDown = false }
                try await field.wait("room") { gateway.counters.backlog == 0 }
                // Oldest first: sequence numbers only grow.
                for letter in letters.reversed() {
                    while try await gateway.replay(deadLetter: letter.id) != .accepted {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                try await field.wait("all 20") { field.node.state.withLock { $0.readings.count } == 20 }
                await session.close()
            }
            #expect(field.node.state.withLock { $0.readings.map(\.sequence) } == Array(1...20))
        }
    }
}
