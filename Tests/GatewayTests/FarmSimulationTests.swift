import AgriculturalTracingSimulator
import DeviceKit
import Foundation
import Gateway
import Ledger
import SenML
import SimulationKit
import Testing

/// The weather file, where there is one: `CAIRN_WEATHER_CSV`, or pvlib's in `.venv` of the repository.
private let weatherFile: String? = {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    guard let path = try? WeatherYear.locate(repository: repository.path), FileManager.default.fileExists(atPath: path)
    else {
        print("skipped 4 tests: no weather file; install pvlib into .venv or set \(WeatherYear.environmentVariable)")
        return nil
    }
    return path
}()

@Suite(
    "The simulated farm, skipped (4 tests) without broker or weather file",
    .enabled(if: TestField.isPossible && weatherFile != nil), .serialized)
struct FarmSimulationTests {
    private func configuration(_ field: TestField) throws -> FarmConfiguration {
        var configuration = FarmConfiguration(
            member: "farm", devices: try FarmDevice.oneOfEach(farm: "f1", interval: 0.2),
            broker: try field.mqtt("unused"), provisioningSecret: TestField.secret, folder: field.folder + "/farm",
            weatherFile: try #require(weatherFile)
        ) { urn in
            let files = try field.authority.issueClient(commonName: urn)
            return .init(authorityFile: files.authority, certificateFile: files.certificate, keyFile: files.key)
        }
        configuration.campaignStart = Date(timeIntervalSince1970: 1_750_000_000)
        configuration.acceleration = 600
        configuration.readingsEach = 5
        return configuration
    }

    private func run(_ configuration: FarmConfiguration, in field: TestField) async throws {
        for identity in try FarmSimulation.identities(configuration) { field.enrol(identity) }
        try await field.running(try field.configuration()) { gateway in
            let farm = try FarmSimulation(configuration)
            try await farm.connect()
            try await farm.weigh(box: "urn:epc:id:sgtin:4012345.011111.77", grams: 8_250)
            try await farm.run()
            await farm.close()
            let expected = configuration.devices.count * 5 + 1
            try await field.wait("\(expected) readings") { field.node.state.withLock { $0.readings.count } == expected }
            #expect(gateway.counters.messages == ["accepted": UInt64(expected)])
        }
    }

    @Test("Every kind of device reports plausible values, a box is weighed, and pictures lie under their hash")
    func farm() async throws {
        try await TestField.with { field in
            let configuration = try configuration(field)
            try await run(configuration, in: field)
            let readings = field.node.state.withLock { $0.readings }
            #expect(Set(readings.compactMap(\.device)).count == FarmDevice.Kind.allCases.count)
            #expect(readings.allSatisfy { $0.quality == [] })
            let boxes = readings.filter { String(decoding: $0.payload, as: UTF8.self).contains("sgtin") }
            #expect(boxes.count == 1)
            let records = try #require(boxes.first).payload
            #expect(try SenMLPack(decoding: records).resolve(now: 0)[1].value == .number(8_250))
            let pictures = readings.filter { $0.topic.hasSuffix("/picture") }
            #expect(pictures.count == 5)
            for picture in pictures {
                guard case .octets(let hash) = try SenMLPack(decoding: picture.payload).resolve(now: 0)[0].value else {
                    Issue.record("no hash")
                    continue
                }
                let file = URL(fileURLWithPath: "\(configuration.folder)/pictures/\(hash.hex).png")
                let octets = try Foundation.Data(contentsOf: file)
                #expect(Hash32.sha256([UInt8](octets)).bytes == hash)
            }
        }
    }

    @Test("The same seed gives the same values, another seed others")
    func determinism() async throws {
        func values(seed: UInt64) async throws -> [String: [SenMLRecord.Value?]] {
            var values: [String: [SenMLRecord.Value?]] = [:]
            try await TestField.with { field in
                var configuration = try configuration(field)
                configuration.seed = seed
                configuration.readingsEach = 3
                for identity in try FarmSimulation.identities(configuration) { field.enrol(identity) }
                try await field.running(try field.configuration()) { _ in
                    let farm = try FarmSimulation(configuration)
                    try await farm.run()
                    await farm.close()
                    let expected = configuration.devices.count * 3
                    try await field.wait("\(expected) readings") {
                        field.node.state.withLock { $0.readings.count } == expected
                    }
                }
                for reading in field.node.state.withLock({ $0.readings }) {
                    values[reading.topic, default: []] += try SenMLPack(decoding: reading.payload).records.map(\.value)
                }
            }
            return values
        }
        let first = try await values(seed: 7)
        #expect(try await values(seed: 7) == first)
        #expect(try await values(seed: 8) != first)
    }

    @Test("A device obeys a command that comes through the gateway")
    func command() async throws {
        try await TestField.with { field in
            var configuration = try configuration(field)
            configuration.devices = [configuration.devices[0]]
            configuration.devices[0].interval = 60
            configuration.readingsEach = nil
            let farmConfiguration = configuration
            for identity in try FarmSimulation.identities(configuration) { field.enrol(identity) }
            try await field.running(try field.configuration()) { gateway in
                let farm = try FarmSimulation(farmConfiguration)
                try await farm.connect()
                let running = Task { try await farm.run() }
                try await field.wait("the first reading") { field.node.state.withLock { $0.readings.count } == 1 }
                let urn = farmConfiguration.devices[0].urn
                let answer = try await gateway.request("read", to: urn, payload: [])
                #expect(String(decoding: answer, as: UTF8.self) == #"{"ok":true,"seq":"2"}"#)
                try await field.wait("a second reading") { field.node.state.withLock { $0.readings.count } == 2 }
                let changed = try await gateway.request("interval", to: urn, payload: Array(#"{"seconds":30}"#.utf8))
                #expect(String(decoding: changed, as: UTF8.self) == #"{"ok":true,"seconds":30.0}"#)
                let absent = try DeviceURN("urn:dev:os:32473-9")
                await #expect(throws: GatewayError(.noReply, "")) {
                    try await gateway.request("read", to: absent, payload: [])
                }
                running.cancel()
                try await running.value
                await farm.close()
            }
        }
    }

    @Test("The year is that of the file, and a file that is none is refused plainly")
    func weather() throws {
        let year = try WeatherYear(path: try #require(weatherFile))
        #expect(year.samples.count == WeatherYear.hours)
        let noon = year.weather(at: Date(timeIntervalSince1970: 1_750_010_400))
        #expect((-40...45).contains(noon.temperature) && (0...100).contains(noon.humidity))
        #expect(year.samples.map(\.irradiance).reduce(0, +) > 1_000_000)
        #expect(throws: WeatherError.self) { try WeatherYear(path: "/nonexistent") }
        #expect(throws: WeatherError.self) { try WeatherYear(path: #filePath) }
    }
}
