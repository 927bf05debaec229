import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

// What the farmer does by forms: each becomes statements that this node signs.

extension FarmerRoutes {
    private func ownPond(_ input: FormInput, _ session: Session) throws -> (name: String, pond: PondRecord) {
        let name = try input.text("pond")
        guard let pond = try platform.state.get(Fish.ponds, name), pond.owner == session.participant else {
            throw Problem.notFound("pond \(name) of yours")
        }
        return (name, pond)
    }

    private func command(_ device: String, _ name: String, _ json: String) -> FishWork.Arguments {
        [
            ("id", .text(FishWork.identifier("hand-"))), ("device", .text(device)), ("name", .text(name)),
            ("arguments", .bytes(Bytes(json.utf8))), ("timeout", 20),
        ]
    }

    func aerate(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (_, pond) = try ownPond(input, session)
        let isOn = try input.text("on") == "1"
        let minutes = try input.scaled("minutes", by: 1)
        guard (1...720).contains(minutes) else { throw Problem.badRequest("switch by hand for 1 to 720 minutes") }
        return try await work.submit(
            pond.aerators.map {
                ("devices", "command", command($0, "aerate", #"{"on":\#(isOn ? 1 : 0),"minutes":\#(minutes)}"#), $0)
            }, as: session, title: "Asked; the page shows “\(isOn ? "on" : "off")” once the aerator says so",
            back: "/fish")
    }

    func feed(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (name, pond) = try ownPond(input, session)
        let grams = try input.scaled("kilograms", by: 1000)
        guard let feeder = pond.feeder, (1...1_000_000).contains(grams) else {
            throw Problem.badRequest("give 1 g to 1 t, at a pond with a feeder")
        }
        // The contract refuses at low oxygen, and then the feeder is never told.
        return try await work.submit(
            [
                ("fish", "requestFeeding", [("pond", .text(name)), ("grams", .unsigned(grams))], "pond:\(name)"),
                ("devices", "command", command(feeder, "feed", #"{"grams":\#(grams)}"#), feeder),
            ], as: session, title: "Asked; the gateway records what the feeder counts", back: "/fish")
    }

    func measure(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (_, pond) = try ownPond(input, session)
        return try await work.submit(
            [("devices", "command", command(pond.probe, "read", "{}"), pond.probe)], as: session,
            title: "Asked; the page shows the reading with its age", back: "/fish")
    }

    func choose(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let (name, pond) = try ownPond(input, session)
        let view = try PondView(name, pond, platform, session)
        func hundredths(_ value: Double) -> CBOR { .unsigned(UInt64((max(0, min(50, value)) * 100).rounded())) }
        return try await work.submit(
            [
                (
                    "fish", "choose",
                    [
                        ("pond", .text(name)), ("id", .text(FishWork.identifier("c-"))),
                        ("suggestion", .text(view.suggestion)), ("expected", hundredths(view.forecast.expected)),
                        ("band", hundredths(view.forecast.band)), ("choice", .text(try input.text("choice"))),
                    ], "pond:\(name)"
                )
            ], as: session, title: "Your choice is recorded", back: "/fish")
    }

    func consent(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let institution = try input.text("institution")
        let ends = try input.text("do") == "end"
        let all = CBOR.array(DataClass.allCases.map { .text($0.rawValue) })
        let until = CBOR.unsigned(platform.now + FishStage.term)
        return try await work.submit(
            [
                ends
                    ? ("fish", "endShare", [("institution", .text(institution))], session.participant)
                    : (
                        "fish", "share", [("institution", .text(institution)), ("classes", all), ("until", until)],
                        session.participant
                    )
            ], as: session, title: ends ? "Ended" : "Recorded", back: "/fish")
    }

    func collect(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let name = try input.text("do") == "allow" ? "allow" : "withdraw"
        return try await work.submit(
            [("fish", name, [("classes", .array([.text(try input.text("class"))]))], session.participant)],
            as: session, title: "Recorded", back: "/fish")
    }

    func apply(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let id = FishWork.identifier("L-")
        return try await work.submit(
            [
                (
                    "fish", "apply",
                    [
                        ("id", .text(id)), ("model", .text(try input.text("model"))),
                        ("order", .text(try input.text("order"))), ("batch", .text(try input.text("batch"))),
                        ("amount", .unsigned(try input.scaled("amount", by: 100))),
                    ], "loan:\(session.participant)/\(id)"
                )
            ], as: session, title: "Applied; the bank sees the page of this case as you do",
            back: DeskRoutes.path("loan", "\(session.participant)/\(id)"))
    }

    func insure(_ input: FormInput, _ session: Session) async throws -> APIResponse {
        let id = FishWork.identifier("C-")
        return try await work.submit(
            [
                (
                    "fish", "requestCover",
                    [
                        ("id", .text(id)), ("model", .text(try input.text("model"))),
                        ("batch", .text(try input.text("batch"))),
                        ("sum", .unsigned(try input.scaled("sum", by: 100))),
                    ], "cover:\(session.participant)/\(id)"
                )
            ], as: session, title: "Asked; the insurer sees the page of this case as you do",
            back: DeskRoutes.path("cover", "\(session.participant)/\(id)"))
    }
}
