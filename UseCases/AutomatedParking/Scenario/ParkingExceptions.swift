import AutomatedParkingContract
import AutomatedParkingGateway
import ContractKit
import Foundation
import Ledger
import UseCaseKit

/// What is not as usual: a look-alike, a bill above the cap, a dispute, a visitor.
struct ParkingExceptions: Sendable {
    let scenario: ParkingScenario
    let site: ParkingSite
    let key: Bytes

    private var stage: Stage { scenario.stage }
    private var field: ParkingStage { scenario.field }

    func play(_ session: String) async throws {
        try await lookAlike()
        try await twoPlaces()
        try await overCap()
        try await short()
        try await dispute(session)
        try await visitor()
    }

    /// E1: M AB 1O8 and M AB 108 are two cars. Nobody is charged by a guess.
    private func lookAlike() async throws {
        let ben = try scenario.plate(of: "driver-29c1")
        let before = try await balances(["driver-29c1", "driver-d5d8"])
        let passed = try await scenario.passage(
            ("E1", "E1"), "harbour-in", ben, site, at: Date(timeIntervalSinceNow: -5400), "arrive")
        guard try await scenario.present(ben, key) == nil else {
            throw ScenarioError("a look-alike was let in as certain")
        }
        let (name, review) = try await review(of: passed.sighting.image)
        let after = try await balances(["driver-29c1", "driver-d5d8"])
        guard after == before, review.kind == .similar, review.candidates.count == 2 else {
            throw ScenarioError("a look-alike is held with both candidates, and nobody is charged")
        }
        stage.report(
            ScenarioStep(
                step: "E1", producer: "Platform", receiver: "Manager",
                exchanged: "picture \(passed.sighting.image.hex.prefix(12)), 2 candidates; nobody is charged",
                transactionId: passed.transaction.hex, blockHeight: nil, finalityMs: nil, receiptVerified: true,
                refusal: "held for review: \(review.reason)"))
        try await stage.step(
            "E1", "Harbour Parking", "Platform",
            Ledger.Operation(
                ParkingContract.contractName, "decide",
                [
                    ("review", .text(name)), ("plate", .hash(ben.hash(key))),
                    ("reason", "the picture shows the letter O"),
                ]), as: "harbour-parking", about: "review:\(name)",
            "the picture shows the plate of Driver 29C1; decided with name")
        guard try await scenario.present(ben, key) != nil else { throw ScenarioError("the decision opened no session") }
    }

    private func balances(_ people: [String]) async throws -> [UInt64?] {
        var found: [UInt64?] = []
        for person in people {
            found.append(try await stage.state("wallet/accounts/XPT/\(person)").map { try Account(cbor: $0).balance })
        }
        return found
    }

    private func review(of image: Hash32) async throws -> (String, Review) {
        guard let value = try await stage.state("parking/lots/harbour") else { throw ScenarioError("no lot") }
        for number in (1...max(1, try Lot(cbor: value).reviews)).reversed() {
            let name = ParkingContract.session("harbour", number)
            guard let value = try await stage.state("parking/reviews/\(name)") else { continue }
            let review = try Review(cbor: value)
            if review.passage?.image == image { return (name, review) }
        }
        throw ScenarioError("no case was opened")
    }

    /// One plate in two lots within minutes: both stays are held, and nothing is charged.
    private func twoPlaces() async throws {
        guard let plate = PlateName("S PQ 442", country: "D") else { throw ScenarioError("no plate") }
        try await scenario.passage(
            ("2", "3"), "harbour-in", plate, site, at: Date(timeIntervalSinceNow: -300), "arrive")
        guard let first = try await scenario.present(plate, key) else { throw ScenarioError("no session") }
        let copy = try await scenario.passage(("E1", "E1"), "hill-in", plate, site, at: Date(), "arrive")
        guard let value = try await stage.state("parking/lots/hill") else { throw ScenarioError("no lot") }
        let second = ParkingContract.session("hill", try Lot(cbor: value).sessions)
        for name in [first, second] {
            let session = try await scenario.session(of: name)
            guard session.stage == .held, session.bill == nil else {
                throw ScenarioError("\(name) is \(session.stage.rawValue); one plate in two places is held")
            }
        }
        stage.report(
            ScenarioStep(
                step: "E1", producer: "Platform", receiver: "Managers",
                exchanged: "stays \(first) and \(second) have one plate; nobody is charged",
                transactionId: copy.transaction.hex, blockHeight: nil, finalityMs: nil, receiptVerified: true,
                refusal: "held for review: this plate is in two places at once"))
    }

    /// E3: an empty wallet traps nobody.
    private func short() async throws {
        let emil = try scenario.plate(of: "driver-e6a2")
        try await scenario.passage(
            ("E3", "E3"), "harbour-in", emil, site, at: Date(timeIntervalSinceNow: -3000), "arrive")
        guard let name = try await scenario.present(emil, key) else { throw ScenarioError("no session for Emil") }
        let exit = try await scenario.passage(("E3", "E3"), "harbour-out", emil, site, at: Date(), "depart")
        let charge = try await scenario.transaction("charge", mentioning: "session:\(name)")
        let opening = try await scenario.transaction("barrier", mentioning: "image:\(exit.sighting.image.hex)")
        let session = try await scenario.session(of: name)
        guard session.stage == .claimed, session.paid == 0 else {
            throw ScenarioError("a bill of an empty wallet is claimed; it is \(session.stage.rawValue)")
        }
        try await scenario.report(
            "E3", "Platform", "Driver E6A2", "claim: \(session.reason ?? ""); nothing is added before the due date",
            charge)
        try await scenario.report("E3", "IoT gateway", "Barrier harbour-out", "open; nobody is trapped", opening)
    }

    /// E3: three hours cost more than Cleo lets be collected at once. The car leaves; Cleo pays with consent.
    private func overCap() async throws {
        let cleo = try scenario.plate(of: "driver-b04e")
        try await scenario.passage(
            ("E3", "E3"), "harbour-in", cleo, site, at: Date(timeIntervalSinceNow: -10_800), "arrive")
        guard let name = try await scenario.present(cleo, key) else { throw ScenarioError("no session for Cleo") }
        try await scenario.passage(("E3", "E3"), "harbour-out", cleo, site, at: Date(), "depart")
        let charge = try await scenario.transaction("charge", mentioning: "session:\(name)")
        let session = try await scenario.session(of: name)
        guard session.stage == .claimed, let bill = session.bill, session.paid == 0 else {
            throw ScenarioError("a bill over the cap is claimed, not collected; it is \(session.stage.rawValue)")
        }
        try await scenario.report(
            "E3", "Platform", "Driver B04E", "claim of \(bill.total): \(session.reason ?? ""); the car has left", charge
        )
        try await stage.step(
            "E3", "Driver B04E", "Platform",
            Ledger.Operation(
                ParkingContract.contractName, "pay", [("session", .text(name)), ("amount", .unsigned(bill.total))]),
            as: "driver-b04e", about: "session:\(name)", "pays \(bill.total) with consent")
        try await stage.refusal(
            "E3", "Driver B04E", "Platform",
            Ledger.Operation(
                ParkingContract.contractName, "pay", [("session", .text(name)), ("amount", .unsigned(bill.total))]),
            as: "driver-b04e", about: "session:\(name)", "the same bill again", code: "parking-107")
    }

    /// E4: a refund is a payment of its own.
    private func dispute(_ name: String) async throws {
        try await stage.step(
            "E4", "Driver 7F3A", "Manager",
            Ledger.Operation(
                ParkingContract.contractName, "dispute",
                [("session", .text(name)), ("reason", "the barrier stood closed for a quarter of an hour")]),
            as: "driver-7f3a",
            about: "session:\(name)", "disputes the charge, with its evidence hashes")
        guard let value = try await stage.state("parking/lots/harbour") else { return }
        let review = ParkingContract.session("harbour", try Lot(cbor: value).reviews)
        try await stage.step(
            "E4", "Harbour Parking", "Driver 7F3A",
            Ledger.Operation(
                ParkingContract.contractName, "decide",
                [("review", .text(review)), ("refund", 100), ("reason", "the log of the barrier shows it")]),
            as: "harbour-parking", about: "review:\(review)", "refund of 100, linked to session \(name)")
    }

    /// E5: nobody's account answers for the plate; a free-flow lot.
    private func visitor() async throws {
        guard let plate = PlateName("K-XY 9031", country: "D") else { throw ScenarioError("no plate") }
        try await scenario.passage(
            ("E5", "E5"), "hill-in", plate, site, at: Date(timeIntervalSinceNow: -3000), "arrive")
        guard let name = try await scenario.present(plate, key) else { throw ScenarioError("no session for a visitor") }
        try await scenario.passage(("E5", "E5"), "hill-out", plate, site, at: Date(), "depart")
        let session = try await scenario.session(of: name)
        guard session.stage == .claimed, let bill = session.bill else {
            throw ScenarioError("a visitor's stay is a claim; it is \(session.stage.rawValue)")
        }
        try await stage.step(
            "E5", "Hill Parking", "Platform",
            Ledger.Operation(
                ParkingContract.contractName, "desk",
                [("session", .text(name)), ("amount", .unsigned(bill.total)), ("method", "cash")]), as: "hill-parking",
            about: "session:\(name)", "the visitor paid \(bill.total) at the kiosk, same tariff, no fee")
    }
}
