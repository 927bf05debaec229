import AutomatedParkingGateway
import AutomatedParkingSimulator
import Foundation
import Ledger
import SimulationKit
import UseCaseKit

/// The cameras and barriers of all lanes, and cars that pass them.
actor ParkingSite {
    private static let visitors = ["K XY 9031", "S PQ 442", "F MT 7300"]
    /// Between two cars, s.
    private static let pause = 6.0

    private var cameras: [String: PlateCamera] = [:]
    private var barriers: [String: Barrier] = [:]
    private var tasks: [Task<Void, any Error>] = []
    private var lastCar: [String: ContinuousClock.Instant] = [:]
    private var loops: [String: LaneSensor] = [:]
    private var readers: [String: LaneSensor] = [:]
    private var bays: [LaneSensor] = []
    private let tag: (plate: PlateName?, code: Hash32?)

    init(stage: ParkingStage) throws {
        for lane in ParkingPlan.lanes {
            cameras[lane.id] = try stage.camera(lane.id)
            if let barrier = try stage.barrier(lane.id) { barriers[lane.id] = barrier }
            loops[lane.id] = try lane.loop.map { try stage.sensor(.loop, $0) }
            readers[lane.id] = try lane.reader.map { try stage.sensor(.tag, $0) }
        }
        bays = try ParkingPlan.bays.map { try stage.sensor(.bay, $0) }
        tag = (
            ParkingPlan.drivers.first { $0.id == ParkingPlan.tag.driver }?.plateName,
            PlateName.tag(ParkingPlan.tag.number, try stage.plateKey())
        )
    }

    func connect() async throws {
        for camera in cameras.values { try await camera.connect() }
        for sensor in sensors { try await sensor.connect() }
        for barrier in barriers.values {
            try await barrier.connect()
            tasks.append(Task { try await barrier.run() })
        }
    }

    func close() async {
        for task in tasks { task.cancel() }
        for camera in cameras.values { await camera.close() }
        for sensor in sensors { await sensor.close() }
        for barrier in barriers.values { await barrier.close() }
    }

    private var sensors: [LaneSensor] { Array(loops.values) + Array(readers.values) + bays }

    /// A car passes a lane: over the loop, past the camera.
    @discardableResult
    func pass(
        _ lane: String, _ plate: PlateName, position: String = "front", at date: Date = Date()
    ) async throws -> PlateCamera.Sighting {
        guard let camera = cameras[lane] else { throw ScenarioError("there is no lane \(lane)") }
        // The lane takes reads of one shape that follow each other at once for one car, and a look-alike has that shape.
        if let last = lastCar[lane] {
            try await Task.sleep(until: last + .milliseconds(PassageDecision.sameCar + 500), clock: .continuous)
        }
        lastCar[lane] = .now
        try await loops[lane]?.tell(isOccupied: true, at: date)
        let sighting = try await camera.see(plate, position: position, at: date)
        try await loops[lane]?.tell(isOccupied: false, at: date)
        return sighting
    }

    /// The car with the tag passes a reader; the camera sees it as well, and it is one car.
    private func passWithTag(_ lane: String, _ plate: PlateName, at date: Date) async throws {
        if plate == tag.plate, let code = tag.code { try await readers[lane]?.tell(tag: code, at: date) }
        try await pass(lane, plate, at: date)
    }

    /// Somebody sends a picture again that was evidence before.
    func replay(_ lane: String, _ sighting: PlateCamera.Sighting, _ plate: PlateName) async throws {
        _ = try await cameras[lane]?.replay(sighting, of: plate)
    }

    /// Cars come and go until cancelled. A car that leaves came hours ago by its camera's clock.
    func run() async throws {
        let noise = SeededNoise(seed: 7, device: "traffic")
        let drivers = ParkingPlan.drivers.filter { !["driver-29c1", "driver-d5d8"].contains($0.id) }.compactMap(
            \.plateName)
        let cars = drivers + Self.visitors.compactMap { PlateName($0, country: "D") }
        var number: UInt64 = UInt64(Date().timeIntervalSince1970)
        while !Task.isCancelled {
            number += 1
            let car = cars[Int(number % UInt64(cars.count))]
            let lot = noise.uniform(1, number) < 0.7 ? "harbour" : "hill"
            let hours = 0.2 + noise.uniform(2, number) * 6
            let bay = lot == "harbour" ? bays[Int(number % UInt64(bays.count))] : nil
            try await passWithTag("\(lot)-in", car, at: Date(timeIntervalSinceNow: -hours * 3600))
            try await bay?.tell(isOccupied: true, at: Date())
            try await Task.sleep(for: .seconds(Self.pause))
            try await bay?.tell(isOccupied: false, at: Date())
            try await passWithTag("\(lot)-out", car, at: Date())
            try await Task.sleep(for: .seconds(Self.pause))
        }
    }
}
