import AutomatedParkingContract
import ContractKit
import Ledger
import TestSupport
import Testing

@Suite("Parking contract")
struct ParkingContractTests {
    private let park: CarPark
    private let first = "a/00000001"

    init() throws {
        park = try CarPark()
        park.register("HB CR 2047", "anna")
    }

    @Test("PARK-4, PARK-22: in, out, billed, paid once")
    func stay() throws {
        #expect(park.pass("HB CR 2047", "a-entry") == nil)
        #expect(try park.session(first)?.driver == "anna")
        try park.wait(61)
        #expect(park.pass("hb-cr 2047", "a-exit") == nil)
        #expect(try park.session(first)?.bill?.total == 200)
        #expect(park.charge(first, "hill") == 5)
        #expect(park.charge(first) == nil)
        #expect(park.charge(first) == 107)
        #expect(try park.balance("anna") == 99_800 && park.balance("park") == 200)
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-5: no session by a camera without a lane, another gateway, the wrong direction, or an old picture")
    func authorised() throws {
        #expect(park.pass("HB CR 2047", "x-entry") == 100)
        #expect(park.pass("HB CR 2047", "a-entry", by: "hill") == 5)
        let picture = Hash32.sha256([9])
        #expect(park.pass("HB CR 2047", "a-entry", image: picture) == nil)
        #expect(park.pass("HB CR 2047", "a-exit", image: picture) == 102)
        #expect(park.pass("HB CR 2047", "a-exit", time: park.runner.time + 3_600_000) == 103)
        #expect(park.pass("HB CR 2047", "a-exit", time: 5) == 103)
        park.run("endLane", [("device", "urn:a-exit")], "park")
        #expect(park.pass("HB CR 2047", "a-exit") == 100)
    }

    @Test("PARK-19, PARK-41: look-alikes are held, neither is charged; a person decides with name")
    func lookAlike() throws {
        park.register("M AB 1O8", "ben")
        park.register("M AB 108", "dora")
        for (text, other) in [("M AB 1O8", 1), ("M AB 108", 2), ("M AB IO8", 3)] as [(String, UInt64)] {
            #expect(park.pass(text, "a-entry") == nil)
            let review = try park.review(ParkingContract.session("a", other))
            #expect(review?.kind == .similar && review?.candidates.count == 2, "\(text)")
        }
        #expect(try park.session(first) == nil)
        #expect(try park.balance("ben") == 100_000 && park.balance("dora") == 100_000)
        let decision: [(String, Value)] = [
            ("review", "a/00000001"), ("plate", .hash(park.plate("M AB 1O8").hash(CarPark.key))),
            ("reason", "it is an O"),
        ]
        #expect(park.run("decide", decision, "ben") == 5)
        #expect(park.run("decide", decision, "park") == nil)
        #expect(park.run("decide", decision, "park") == 109)
        #expect(try park.session(first)?.driver == "ben")
        #expect(try park.review("a/00000001")?.decidedBy == "park")
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-41: weak reads are held unless two agree")
    func weak() throws {
        #expect(park.pass("HB CR 2047", "a-entry", confidence: 700) == nil)
        #expect(try park.review("a/00000001")?.kind == .weak && park.session(first) == nil)
        #expect(park.pass("HB CR 2047", "a-entry", confidence: 700, reads: 2) == nil)
        #expect(try park.session(first) != nil)
    }

    @Test("PARK-6: missing exit, missing entry, double visit, drive-through")
    func unmatched() throws {
        park.pass("HB CR 2047", "a-exit")
        #expect(try park.review("a/00000001")?.kind == .noEntry)
        // Drive-through: nothing to pay.
        park.pass("HB CR 2047", "a-entry")
        try park.wait(9)
        park.pass("HB CR 2047", "a-exit")
        #expect(try park.session(first)?.stage == .closed && park.session(first)?.bill?.total == 0)
        // Two visits on one day are two sessions.
        for number in 2...3 {
            park.pass("HB CR 2047", "a-entry")
            try park.wait(30)
            park.pass("HB CR 2047", "a-exit")
            park.charge(ParkingContract.session("a", UInt64(number)))
        }
        #expect(try park.balance("anna") == 99_800)
        // Left unseen: the old stay is held, the new one is its own.
        park.pass("HB CR 2047", "a-entry")
        try park.wait(300)
        park.pass("HB CR 2047", "a-entry")
        #expect(try park.session("a/00000004")?.stage == .held && park.session("a/00000004")?.bill == nil)
        try park.wait(30)
        park.pass("HB CR 2047", "a-exit")
        #expect(try park.session("a/00000005")?.bill?.total == 100)
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-42: a stay without exit is reviewed, never billed")
    func noExit() throws {
        park.pass("HB CR 2047", "a-entry")
        try park.runner.advance(to: park.runner.time + 2_592_000_001)
        #expect(try park.session(first)?.stage == .held && park.review("a/00000001")?.kind == .noExit)
        #expect(park.run("decide", [("review", "a/00000001"), ("reason", "towed")], "park") == nil)
        #expect(try park.session(first)?.stage == .closed && park.balance("anna") == 100_000)
        #expect(try park.violations().isEmpty)
    }

    @Test(
        "PARK-42: an exit after the lot's limit bills nothing by itself; a person confirms it, and the bill is capped")
    func lateExit() throws {
        let hour: UInt64 = 3_600_000
        func lot(_ longest: UInt64) -> UInt64? {
            park.run(
                "lot",
                [
                    ("lot", "a"), ("name", "a"), ("currency", "XPT"), ("capacity", 50),
                    ("longest", .unsigned(longest)),
                ], "park")
        }
        #expect(lot(hour - 1) == 3 && lot(4 * hour) == nil)
        park.pass("HB CR 2047", "a-entry")
        try park.wait(5 * 60)
        #expect(try park.review("a/00000001")?.passage?.device == "urn:a-entry")
        let plate = Value.hash(park.plate("HB CR 2047").hash(CarPark.key))
        let confirmed: [(String, Value)] = [
            ("review", "a/00000001"), ("plate", plate), ("reason", "seen on both pictures"),
        ]
        #expect(park.run("decide", confirmed, "park") == 119)
        try park.wait(4 * 60)
        park.pass("HB CR 2047", "a-exit")
        #expect(try park.session(first)?.stage == .held && park.session(first)?.bill == nil)
        #expect(park.charge(first) == 107)
        #expect(park.run("decide", confirmed, "park") == nil)
        #expect(try park.session(first)?.bill?.total == 400)
        #expect(park.charge(first) == nil)
        #expect(try park.balance("anna") == 99_600 && park.violations().isEmpty)
    }

    @Test("PARK-27: one plate in two lots within minutes: both held, nothing charged")
    func clone() throws {
        park.pass("HB CR 2047", "a-entry")
        try park.wait(5)
        park.pass("HB CR 2047", "h-entry")
        #expect(try park.session(first)?.stage == .held && park.session("h/00000001")?.stage == .held)
        try park.wait(60)
        park.pass("HB CR 2047", "a-exit")
        park.pass("HB CR 2047", "h-exit")
        #expect(try park.session(first)?.bill == nil && park.balance("anna") == 100_000)
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-8: a plate has one owner; a second account is refused and can open a case; a sold car goes")
    func ownership() throws {
        #expect(park.register("HB CR 2047", "ben", isChecked: false) == 104)
        let plate = Value.hash(park.plate("HB CR 2047").hash(CarPark.key))
        #expect(park.run("contest", [("plate", plate), ("lot", "a"), ("reason", "I bought it")], "ben") == nil)
        #expect(try park.review("a/00000001")?.kind == .ownership)
        park.pass("HB CR 2047", "a-entry")
        #expect(park.run("endPlate", [("plate", plate)], "anna") == 113)
        try park.wait(1)
        park.pass("HB CR 2047", "a-exit")
        #expect(park.run("endPlate", [("plate", plate)], "ben") == 5)
        #expect(park.run("endPlate", [("plate", plate)], "anna") == nil)
        #expect(park.register("HB CR 2047", "ben") == nil)
    }

    @Test("PARK-9, PARK-43: over the cap or short of money: a claim, never a trap; paid once with consent")
    func claims() throws {
        park.pass("HB CR 2047", "a-entry")
        try park.wait(31 * 60)
        park.pass("HB CR 2047", "a-exit")
        #expect(park.charge(first) == nil)
        let session = try #require(try park.session(first))
        #expect(session.stage == .claimed && session.reason?.contains("cap") == true && session.due != nil)
        #expect(try park.balance("anna") == 100_000)
        #expect(park.run("pay", [("session", .text(first)), ("amount", 1)], "anna") == 108)
        #expect(park.run("pay", [("session", .text(first)), ("amount", 3100)], "anna") == nil)
        #expect(park.run("pay", [("session", .text(first)), ("amount", 3100)], "anna") == 107)
        park.runner.set(WalletContract.accounts.key("XPT/anna"), Account(balance: 50).cbor)
        park.runner.set(WalletContract.supply.key("XPT"), 303_150)
        park.pass("HB CR 2047", "a-entry")
        try park.wait(60)
        park.pass("HB CR 2047", "a-exit")
        park.charge("a/00000002")
        #expect(try park.session("a/00000002")?.reason == "the wallet is short")
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-1, PARK-45: a visitor's stay is a claim on the plate's hash, at the same tariff, paid at the desk")
    func visitor() throws {
        park.pass("K XY 1", "a-entry")
        try park.wait(61)
        park.pass("K XY 1", "a-exit")
        #expect(try park.session(first)?.driver == nil && park.session(first)?.stage == .claimed)
        #expect(park.run("desk", [("session", .text(first)), ("amount", 200), ("method", "cash")], "hill") == 5)
        #expect(park.run("desk", [("session", .text(first)), ("amount", 200), ("method", "cash")], "park") == nil)
        #expect(try park.session(first)?.stage == .paid)
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-44: a dispute ends with a decision; a refund is a payment of its own, at most what was paid")
    func dispute() throws {
        park.pass("HB CR 2047", "a-entry")
        try park.wait(61)
        park.pass("HB CR 2047", "a-exit")
        park.charge(first)
        #expect(park.run("dispute", [("session", .text(first)), ("reason", "no")], "ben") == 5)
        #expect(park.run("dispute", [("session", .text(first)), ("reason", "no")], "anna") == nil)
        #expect(park.run("dispute", [("session", .text(first)), ("reason", "no")], "anna") == 110)
        func decide(_ refund: UInt64) -> UInt64? {
            park.run("decide", [("review", "a/00000001"), ("refund", .unsigned(refund)), ("reason", "right")], "park")
        }
        #expect(decide(201) == 111)
        #expect(decide(200) == nil)
        #expect(try park.balance("anna") == 100_000 && park.session(first)?.refunded == 200)
        #expect(try park.violations().isEmpty)
    }

    @Test("PARK-16: refunds above the limit need a second person")
    func secondPerson() throws {
        park.run(
            "tariff",
            [
                ("lot", "a"), ("tariff", .bytes(CarPark.tariff(2900).cbor.encoded())),
                ("from", .unsigned(park.runner.time + 60_000)),
            ], "park")
        try park.wait(2)
        park.pass("HB CR 2047", "a-entry")
        try park.wait(120)
        park.pass("HB CR 2047", "a-exit")
        park.charge(first)
        #expect(park.run("pay", [("session", .text(first)), ("amount", 5800)], "anna") == nil)
        park.run("dispute", [("session", .text(first)), ("reason", "no")], "anna")
        #expect(park.run("decide", [("review", "a/00000001"), ("refund", 5800), ("reason", "right")], "park") == 112)
        #expect(park.run("decide", [("review", "a/00000001"), ("refund", 5000), ("reason", "part")], "park") == nil)
    }

    @Test("PARK-16: a tariff that holds from noon does not touch a car that entered a minute before")
    func tariffChange() throws {
        let noon = park.runner.time + 120_000
        let new: [(String, Value)] = [("lot", "a"), ("tariff", .bytes(CarPark.tariff(900).cbor.encoded()))]
        #expect(park.run("tariff", new + [("from", .unsigned(park.runner.time + 59_000))], "park") == 106)
        #expect(park.run("tariff", new + [("from", .unsigned(noon))], "hill") == 5)
        #expect(park.run("tariff", new + [("from", .unsigned(noon))], "park") == nil)
        try park.wait(1)
        park.pass("HB CR 2047", "a-entry")
        try park.wait(60)
        park.pass("HB CR 2047", "a-exit")
        #expect(try park.session(first)?.bill?.total == 100)
        park.pass("HB CR 2047", "a-entry")
        try park.wait(60)
        park.pass("HB CR 2047", "a-exit")
        #expect(try park.session("a/00000002")?.bill?.total == 900)
    }
}
