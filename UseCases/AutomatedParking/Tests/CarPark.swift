import AutomatedParkingContract
import AutomatedParkingGateway
import ContractKit
import Ledger
import TestSupport

/// Two lots with an entry and an exit each, drivers with 100,000 points, and the gateway of the lanes.
final class CarPark {
    static let parameters = ValueMap([
        ("sure", 850), ("agreeing", 650), ("travel", 600_000), ("longest", 2_592_000_000), ("claim", 1_209_600_000),
        ("notice", 60_000), ("lateness", 604_800_000), ("refund", 5000),
    ])
    static let key = Bytes(repeating: 7, count: 32)
    static let drivers = ["anna", "ben", "cleo", "dora"]

    let runner = ContractRunner(ParkingContract(), parameters: parameters)
    private var pictures: UInt64 = 0

    init() throws {
        for id in Self.drivers {
            runner.enrol(id, roles: [ParkingContract.Role.driver])
            runner.set(WalletContract.accounts.key("XPT/\(id)"), Account(balance: 100_000).cbor)
            // As the wallet's contract writes it.
            runner.set(
                WalletContract.mandates.key("\(id)/parking"),
                [
                    "payee": "park", "currency": "XPT", "perPayment": 3000, "perPeriod": 1_000_000,
                    "period": 86_400_000,
                    "from": .unsigned(runner.time), "until": .unsigned(runner.time * 2), "spent": 0, "spentIn": 0,
                ])
        }
        runner.set(WalletContract.supply.key("XPT"), 400_000)
        for id in ["park", "hill"] { runner.enrol(id, roles: [ParkingContract.Role.lotOperator]) }
        for (lot, owner) in [("a", "park"), ("b", "park"), ("h", "hill")] {
            for direction in ["entry", "exit"] {
                let device = "urn:\(lot)-\(direction)"
                runner.set(
                    MembershipContract.devices.key(device),
                    [
                        "owner": .text(owner), "gateway": "gw", "profile": "plate-camera", "attestedBy": "office",
                        "revokedAt": .null, "generation": 1, "thing": .null, "kid": .hash(.zero),
                    ])
            }
            run("lot", [("lot", .text(lot)), ("name", .text(lot)), ("currency", "XPT"), ("capacity", 50)], owner)
            for direction in ["entry", "exit"] {
                run(
                    "lane",
                    [
                        ("lot", .text(lot)), ("device", .text("urn:\(lot)-\(direction)")), ("name", .text(direction)),
                        ("direction", .text(direction)),
                    ], owner)
            }
            run(
                "tariff", [("lot", .text(lot)), ("tariff", .bytes(Self.tariff(100).cbor.encoded())), ("from", 0)], owner
            )
        }
    }

    /// So much for each started hour; ten minutes free.
    static func tariff(_ value: UInt64) -> Tariff {
        Tariff(
            [
                RateTable(
                    [.init("p", lines: [.init(.incrementingRate, "hour", period: 3600, value: value)])], grace: 600)
            ], zone: CivilZone(offset: 60, summerTime: .europe))
    }

    func sender(_ id: String) -> ContractContext.Sender {
        let roles =
            id == "gw"
            ? [MembershipContract.gateway]
            : id == "office"
                ? [MembershipContract.registrar]
                : ["park", "hill"].contains(id) ? [ParkingContract.Role.lotOperator] : [ParkingContract.Role.driver]
        return .init(id: id, member: "m", roles: roles)
    }

    @discardableResult
    func run(_ name: String, _ arguments: [(String, Value)], _ id: String) -> UInt64? {
        runner.run(name, arguments, as: sender(id))
    }

    func plate(_ text: String) -> PlateName {
        guard let plate = PlateName(text, country: "D") else { preconditionFailure("\(text) is no plate") }
        return plate
    }

    @discardableResult
    func register(_ text: String, _ id: String, isChecked: Bool = true) -> UInt64? {
        let plate = plate(text)
        let refusal = run(
            "register",
            [
                ("plate", .hash(plate.hash(Self.key))), ("country", "D"), ("shape", .hash(plate.shape(Self.key))),
                ("mandate", "parking"), ("proof", .hash(.zero)),
            ], id)
        if isChecked { run("check", [("plate", .hash(plate.hash(Self.key)))], "office") }
        return refusal
    }

    /// A car passes a lane, now.
    @discardableResult
    func pass(
        _ text: String, _ lane: String, confidence: UInt64 = 950, reads: UInt64 = 1, image: Hash32? = nil,
        time: UInt64? = nil, by gateway: String = "gw"
    ) -> UInt64? {
        let plate = plate(text)
        pictures += 1
        return run(
            lane.hasSuffix("entry") ? "arrive" : "depart",
            [
                ("device", .text("urn:\(lane)")), ("time", .unsigned(time ?? runner.time)),
                ("confidence", .unsigned(confidence)),
                ("image", .hash(image ?? Hash32.sha256(Bytes("\(pictures)".utf8)))),
                ("plate", .hash(plate.hash(Self.key))), ("shape", .hash(plate.shape(Self.key))),
                ("reads", .unsigned(reads)),
            ], gateway)
    }

    func wait(_ minutes: UInt64) throws { try runner.advance(to: runner.time + minutes * 60_000) }

    func session(_ key: String) throws -> ParkingSession? { try runner.state.get(ParkingContract.sessions, key) }
    func review(_ key: String) throws -> Review? { try runner.state.get(ParkingContract.reviews, key) }

    @discardableResult
    func charge(_ key: String, _ id: String = "park") -> UInt64? { run("charge", [("session", .text(key))], id) }

    func balance(_ id: String) throws -> UInt64 {
        try runner.state.get(WalletContract.accounts, "XPT/\(id)")?.balance ?? 0
    }

    func violations() throws -> [String] {
        try runner.violations() + WalletContract().invariants.flatMap { try $0.violations(runner.state) }
    }
}
