import APIKit
import AutomatedParkingContract
import ContractKit
import Foundation
import PortalKit
import UseCaseKit

/// What an operator's devices say beside passages: taken bays, barriers' answers, and cameras that read less surely.
extension OperatorRoutes {
    /// Profile of a sensor in the floor of one bay.
    static let bayProfile = "bay-sensor"
    /// What a payment at a machine is taken to last, s: coins or card, and the way to the machine not counted.
    static let machine: UInt64 = 30

    // MARK: Bays

    /// Cars that are in by their passages can be compared with bays that are taken.
    func bayFacts(_ session: Session) throws -> [Fact] {
        let sensors = try platform.state.scan(MembershipContract.devices, limit: 10_000).filter {
            $0.value.owner == session.participant && $0.value.profile == Self.bayProfile && $0.value.revokedAt == nil
        }
        guard !sensors.isEmpty else { return [] }
        let readings = try platform.readings(for: session)
        let latest = try sensors.compactMap { urn, _ in
            try readings.latestReadings(device: urn).first { $0.quantity == "occupied" }
        }
        let taken = latest.count { $0.value > 0 }
        return [
            Fact(
                "Bays with a sensor", "\(taken) of \(sensors.count) taken",
                note: latest.count < sensors.count ? "\(sensors.count - latest.count) have not reported yet" : nil,
                grounds: latest.isEmpty
                    ? nil
                    : Grounds(
                        devices: latest.map(\.device), from: latest.map(\.time).min() ?? 0,
                        to: (latest.map(\.time).max() ?? 0) + 1))
        ]
    }

    // MARK: Time

    /// How long barriers took, as devices answered, against payments at a machine.
    func savedTime(_ ended: [(key: String, session: ParkingSession)]) throws -> [Fact] {
        let automatic = ended.filter { [.paid, .closed].contains($0.session.stage) }
        let times = try automatic.compactMap { _, stay -> UInt64? in
            guard let image = stay.exit?.image, let told = try platform.state.get(ParkingContract.openings, image.hex),
                told.hasPrefix("done after ")
            else { return nil }
            return UInt64(told.dropFirst("done after ".count).prefix { $0.isNumber })
        }.sorted()
        guard !times.isEmpty else { return [] }
        let saved = times.reduce(0) { $0 + Self.machine * 1000 - min($1, Self.machine * 1000) }
        return [
            Fact(
                "Time saved at the exit", ParkingWords.length(saved),
                note:
                    "\(times.count) exits: the barrier opened after \(times[times.count / 2]) ms (median); a payment at a machine is taken to last \(Self.machine) s",
                grounds: ParkingRoutes.grounds(automatic))
        ]
    }

    // MARK: Maintenance

    func maintenanceCalls(of lots: Set<String>) throws -> [(device: String, lane: Lane, call: MaintenanceCall)] {
        try platform.state.scan(ParkingContract.maintenance, limit: 1000).compactMap { device, call in
            guard let lane = try platform.state.get(ParkingContract.lanes, device), lots.contains(lane.lot) else {
                return nil
            }
            return (device, lane, call)
        }
    }

    func maintenanceTable(_ calls: [(device: String, lane: Lane, call: MaintenanceCall)]) -> Table {
        Table(
            caption: "Devices to look after",
            columns: [.init("Since"), .init("Lane"), .init("Device"), .init("What")],
            rows: calls.map { device, lane, call in
                [
                    .time(ParkingWords.moment(call.since)), .text(lane.name), .text(device),
                    .mark("Sure to \(call.value / 10) %, was \(call.before / 10) %: clean the lens", .bad),
                ]
            }, empty: .init("All cameras read as surely as they did."))
    }

    func maintainedForm(_ device: String, _ session: Session) -> Form {
        Form(
            id: "maintained-\(device.split(separator: "-").suffix(2).joined(separator: "-"))",
            title: "Looked after \(device)?", action: "/parking/maintained", fields: [],
            fixed: [.init("device", device)], submit: "It was looked after", csrfToken: session.formToken)
    }
}
