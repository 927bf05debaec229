import ChattelMortgageContract
import ContractKit
import Foundation
import TestSupport
import Testing

/// The public behaviours of a title escrow (TradeTrust token-registry, Apache-2.0), each against our state machine.
@Suite("CHAT-27: behaviours of a title escrow")
struct TitleEscrowTests {
    /// Owner B, holder H, as most of the behaviours begin.
    private static var apart: Title { Title(beneficiary: "B", holder: "H") }
    private static var one: Title { Title(beneficiary: "B", holder: "B") }

    private static func code(_ title: Title, _ change: (inout Title) throws(ContractError) -> Void) -> UInt64? {
        var copy = title
        do { try change(&copy) } catch { return error.code }
        return nil
    }

    private static func after(_ title: Title, _ change: (inout Title) throws(ContractError) -> Void) -> Title {
        var copy = title
        try? change(&copy)
        return copy
    }

    private static var surrendered: Title { after(one) { t throws(ContractError) in try t.surrender(by: "B") } }
    private static var cancelled: Title { after(surrendered) { t throws(ContractError) in try t.cancel() } }
    private static var nominated: Title { after(apart) { t throws(ContractError) in try t.nominate("N", by: "B") } }
    private static var beneficiaryMoved: Title {
        after(nominated) { t throws(ContractError) in try t.transferBeneficiary(to: "N", by: "H") }
    }
    private static var holderMoved: Title {
        after(apart) { t throws(ContractError) in try t.transferHolder(to: "K", by: "H") }
    }
    private static var ownersMoved: Title {
        after(nominated) { t throws(ContractError) in try t.transferOwners(to: "N", "N", by: "H") }
    }
    private static var ownersMovedFromOne: Title {
        after(one) { t throws(ContractError) in try t.transferOwners(to: "N", "N", by: "B") }
    }

    private typealias Behaviour = @Sendable () -> Bool

    /// By the last part of the group and the rule.
    private static let behaviours: [String: Behaviour] = [
        "Initialisation/should set active as true": { apart.stage == .issued },
        "Initialisation/should keep beneficiary intact": { apart.beneficiary == "B" },
        "Initialisation/should keep holder intact": { apart.holder == "H" },
        "Initialisation/should initialise beneficiary nominee with zero": { apart.nominee == nil },
        "Is Holding Token Status/should return true when holding token": { apart.stage == .issued },
        "Is Holding Token Status/should return false when not holding token": { surrendered.stage != .issued },
        "When title escrow is not active/should revert when calling: nominate": {
            code(cancelled) { t throws(ContractError) in try t.nominate("N", by: "B") } == 168
        },
        "When title escrow is not active/should revert when calling: transferBeneficiary": {
            code(cancelled) { t throws(ContractError) in try t.transferBeneficiary(to: "N", by: "B") } == 168
        },
        "When title escrow is not active/should revert when calling: transferHolder": {
            code(cancelled) { t throws(ContractError) in try t.transferHolder(to: "N", by: "B") } == 168
        },
        "When title escrow is not active/should revert when calling: transferOwners": {
            code(cancelled) { t throws(ContractError) in try t.transferOwners(to: "N", "N", by: "B") } == 168
        },
        "When title escrow is not active/should revert when calling: returnToIssuer": {
            code(cancelled) { t throws(ContractError) in try t.surrender(by: "B") } == 168
        },
        "When title escrow is not active/should revert when calling: shred": {
            code(cancelled) { t throws(ContractError) in try t.cancel() } == 168
        },
        "Beneficiary Nomination/should allow beneficiary to nominate a new beneficiary": { nominated.nominee == "N" },
        "Beneficiary Nomination/should allow beneficiary to revoke beneficiary nomination": {
            after(nominated) { t throws(ContractError) in try t.nominate(nil, by: "B") }.nominee == nil
        },
        "Beneficiary Nomination/should not allow a non-beneficiary to nominate beneficiary": {
            code(apart) { t throws(ContractError) in try t.nominate("N", by: "H") } == 5
        },
        "Beneficiary Nomination/should not allow an ex-beneficiary to nominate": {
            code(beneficiaryMoved) { t throws(ContractError) in try t.nominate("X", by: "B") } == 5
        },
        "Beneficiary Nomination/should not allow nominating an existing beneficiary": {
            code(apart) { t throws(ContractError) in try t.nominate("B", by: "B") } == 161
        },
        "Beneficiary Nomination/should not allow nominating an address who is already a beneficiary nominee": {
            code(nominated) { t throws(ContractError) in try t.nominate("N", by: "B") } == 162
        },
        "Beneficiary Nomination/should not allow nomination when title escrow is not holding token": {
            code(surrendered) { t throws(ContractError) in try t.nominate("N", by: "B") } == 169
        },
        "Transfer Beneficiary/should not allow transferring to zero address": {
            code(apart) { t throws(ContractError) in try t.transferBeneficiary(to: "", by: "H") } == 163
        },
        "Transfer Beneficiary/should not allow transferring to a non-nominated beneficiary": {
            code(nominated) { t throws(ContractError) in try t.transferBeneficiary(to: "X", by: "H") } == 164
        },
        "Transfer Beneficiary/should not allow a non-holder to transfer to a nominated beneficiary": {
            code(nominated) { t throws(ContractError) in try t.transferBeneficiary(to: "N", by: "B") } == 5
        },
        "Transfer Beneficiary/should allow holder to transfer to a nominated beneficiary": {
            beneficiaryMoved.beneficiary == "N"
        },
        "Transfer Beneficiary/should reset nominated beneficiary": { beneficiaryMoved.nominee == nil },
        "Holder Transfer/should allow a holder to transfer to another holder": { holderMoved.holder == "K" },
        "Holder Transfer/should allow a holder who is also a beneficiary to transfer holder": {
            after(one) { t throws(ContractError) in try t.transferHolder(to: "K", by: "B") }.holder == "K"
        },
        "Holder Transfer/should not allow a non-holder to transfer to a nominated holder": {
            code(apart) { t throws(ContractError) in try t.transferHolder(to: "K", by: "B") } == 5
        },
        "Holder Transfer/should not allow endorsing zero address": {
            code(apart) { t throws(ContractError) in try t.transferHolder(to: "", by: "H") } == 163
        },
        "Holder Transfer/should not allow transferring to an existing holder": {
            code(apart) { t throws(ContractError) in try t.transferHolder(to: "H", by: "H") } == 165
        },
        "Transfer all owners/should call transferBeneficiary and transferHolder internally": {
            ownersMoved.beneficiary == "N" && ownersMoved.holder == "N"
        },
        "Transfer all owners/should revert when caller is not holder": {
            code(nominated) { t throws(ContractError) in try t.transferOwners(to: "N", "K", by: "B") } == 5
        },
        "Reject Transfer Beneficiary/should have valid previous and new beneficiary": {
            beneficiaryMoved.previousBeneficiary == "B" && beneficiaryMoved.beneficiary == "N"
        },
        "Reject Transfer Beneficiary/should not allow non-beneficiary to reject beneficiary transfer": {
            code(beneficiaryMoved) { t throws(ContractError) in try t.rejectBeneficiary(by: "H") } == 5
        },
        "Reject Transfer Beneficiary/should not allow rejecting beneficiary transfer when there is no pending transfer":
            {
                code(apart) { t throws(ContractError) in try t.rejectBeneficiary(by: "B") } == 166
            },
        "Reject Transfer Beneficiary/should allow beneficiary to reject transfer beneficiary": {
            after(beneficiaryMoved) { t throws(ContractError) in try t.rejectBeneficiary(by: "N") }.beneficiary == "B"
        },
        "Reject Transfer Holder/should have a valid previous holder": { holderMoved.previousHolder == "H" },
        "Reject Transfer Holder/should not allow non-holder to reject holder transfer": {
            code(holderMoved) { t throws(ContractError) in try t.rejectHolder(by: "B") } == 5
        },
        "Reject Transfer Holder/should not allow holder to reject holder transfer when there is no pending transfer": {
            code(apart) { t throws(ContractError) in try t.rejectHolder(by: "H") } == 166
        },
        "Reject Transfer Holder/should allow holder to reject transfer holder": {
            after(holderMoved) { t throws(ContractError) in try t.rejectHolder(by: "K") }.holder == "H"
        },
        "1: Reject Transfer Owners when previous holder and owner are different/should not allow non-owner to reject transfer owners":
            { code(ownersMoved) { t throws(ContractError) in try t.rejectOwners(by: "B") } == 5 },
        "1: Reject Transfer Owners when previous holder and owner are different/should not allow beneficiary to reject only beneficiary transfer":
            { code(ownersMoved) { t throws(ContractError) in try t.rejectBeneficiary(by: "N") } == 167 },
        "1: Reject Transfer Owners when previous holder and owner are different/should allow owner to reject transfer owners":
            {
                let title = after(ownersMoved) { t throws(ContractError) in try t.rejectOwners(by: "N") }
                return title.beneficiary == "B" && title.holder == "H"
            },
        "2: Reject Transfer Owners when previous holder and owner are same/should not allow non-owner to reject transfer owners":
            { code(ownersMovedFromOne) { t throws(ContractError) in try t.rejectOwners(by: "B") } == 5 },
        "2: Reject Transfer Owners when previous holder and owner are same/should not allow new Owner to reject only holder transfer":
            { code(ownersMovedFromOne) { t throws(ContractError) in try t.rejectHolder(by: "N") } == 167 },
        "2: Reject Transfer Owners when previous holder and owner are same/should not allow new Owner to reject only beneficiary transfer":
            { code(ownersMovedFromOne) { t throws(ContractError) in try t.rejectBeneficiary(by: "N") } == 167 },
        "2: Reject Transfer Owners when previous holder and owner are same/should allow owner to reject transfer owners":
            {
                let title = after(ownersMovedFromOne) { t throws(ContractError) in try t.rejectOwners(by: "N") }
                return title.beneficiary == "B" && title.holder == "B"
            },
        "when holder and beneficiary are different/should have correct initial values": {
            apart.previousBeneficiary == nil && apart.previousHolder == nil
        },
        "when holder and beneficiary are different/should reset prevBeneficiary upon nomination": {
            after(beneficiaryMoved) { t throws(ContractError) in try t.nominate("X", by: "N") }
                .previousBeneficiary == nil
        },
        "when holder and beneficiary are different/should set prevHolder upon holder transfer": {
            holderMoved.previousHolder == "H"
        },
        "when holder and beneficiary are different/should have correct values upon owners transfer": {
            ownersMoved.previousBeneficiary == "B" && ownersMoved.previousHolder == "H"
        },
        "when holder and beneficiary are same/should have correct initial values": {
            one.previousBeneficiary == nil && one.previousHolder == nil
        },
        "when holder and beneficiary are same/should reset both prevBeneficiary and prevHolder upon nomination": {
            let title = after(ownersMovedFromOne) { t throws(ContractError) in try t.nominate("X", by: "N") }
            return title.previousBeneficiary == nil && title.previousHolder == nil
        },
        "when holder and beneficiary are same/should reset prevBeneficiary upon holder transfer": {
            after(ownersMovedFromOne) { t throws(ContractError) in try t.transferHolder(to: "K", by: "N") }
                .previousBeneficiary == nil
        },
        "when holder and beneficiary are same/should reset prevHolder upon beneficiary transfer": {
            after(ownersMovedFromOne) { t throws(ContractError) in try t.transferBeneficiary(to: "K", by: "N") }
                .previousHolder == nil
        },
        "ReturnToIssuer/should not allow returning to issuer when title escrow is not holding token": {
            code(surrendered) { t throws(ContractError) in try t.surrender(by: "B") } == 169
        },
        "ReturnToIssuer/should not allow a beneficiary only to returnToIssuer": {
            code(apart) { t throws(ContractError) in try t.surrender(by: "B") } == 5
        },
        "ReturnToIssuer/should not allow a holder only to returnToIssuer": {
            code(apart) { t throws(ContractError) in try t.surrender(by: "H") } == 5
        },
        "ReturnToIssuer/should allow a beneficiary who is also a holder to returnToIssuer": {
            surrendered.stage == .surrendered
        },
        "ReturnToIssuer/should not hold token after returning to issuer": { surrendered.stage != .issued },
        "ReturnToIssuer/should reset previous beneficiary and holder": {
            let title = after(ownersMovedFromOne) { t throws(ContractError) in try t.surrender(by: "N") }
            return title.previousBeneficiary == nil && title.previousHolder == nil && title.stage == .surrendered
        },
        "Shredding/should not allow to be shredded when title escrow is holding token": {
            code(one) { t throws(ContractError) in try t.cancel() } == 123
        },
        "Shredding/should reset nominated beneficiary": { cancelled.nominee == nil },
        "Shredding/should reset beneficiary": { cancelled.beneficiary.isEmpty },
        "Shredding/should reset holder": { cancelled.holder.isEmpty },
        "Shredding/should set active status to false": { cancelled.stage == .cancelled },
    ]

    /// What does not apply, with the reason.
    private static let exceptions: [String: String] = [
        "Active Status/should return false before being initialised":
            "a receipt comes into being in one operation; there is no deployed and empty escrow"
    ]

    /// Behaviours of the contract around the title, each in a test of its own here.
    private static let elsewhere: [String: String] = [
        "Beneficiary Nomination/should not allow beneficiary to nominate when remark length exceeds": "remarks()"
    ]

    @Test("each behaviour holds, is tested on the contract, or is excepted with a reason")
    func behaviours() throws {
        for (name, holds) in Self.behaviours.sorted(by: { $0.key < $1.key }) { #expect(holds(), "\(name)") }
        guard let file = Vectors.locate("chattel/title_escrow_cases.json", cases: 82) else { return }
        let rules = try Vectors.json(file)["rules"] as? [[String: Any]] ?? []
        var (held, contract, excepted, unknown) = (0, 0, 0, [String]())
        for rule in rules {
            let group = (rule["group"] as? String ?? "").components(separatedBy: " > ").last ?? ""
            let words = (rule["rule"] as? String ?? "").split(separator: " ").joined(separator: " ")
            let key = "\(group)/\(words)"
            if Self.behaviours[key] != nil {
                held += 1
            } else if Self.elsewhere[key] != nil {
                contract += 1
            } else if Self.exceptions[key] != nil {
                excepted += 1
            } else {
                unknown.append(key)
            }
        }
        print(
            "title escrow: \(held) held, \(contract) on the contract, \(excepted) excepted, \(unknown.count) not mapped"
        )
        for key in unknown { print("not mapped: \(key)") }
        #expect(held + contract + excepted + unknown.count == rules.count)
        #expect(unknown.isEmpty)
    }

    @Test("a remark has at most 120 bytes")
    func remarks() {
        let bench = ChattelBench()
        bench.store()
        func nominate(_ remark: Int) -> UInt64? {
            bench.run(
                "nominate",
                [
                    ("receipt", "NORTH-1"), ("beneficiary", "rival"),
                    ("remark", .text(String(repeating: "r", count: remark))),
                ], as: "owner")
        }
        #expect(nominate(121) == 160)
        #expect(nominate(120) == nil)
    }

    @Test("surrendered receipts are restored or cancelled by their issuer alone")
    func restoration() throws {
        let bench = ChattelBench()
        bench.store()
        let receipt = [("receipt", Value.text("NORTH-1"))]
        #expect(bench.run("restore", receipt, as: "monitor") == 123)
        #expect(bench.run("surrender", receipt, as: "rival") == 5)
        #expect(bench.run("surrender", receipt, as: "owner") == nil)
        #expect(bench.run("restore", receipt, as: "owner") == 5)
        #expect(bench.run("restore", receipt, as: "monitor") == nil)
        #expect(bench.run("surrender", receipt, as: "owner") == nil)
        #expect(bench.run("cancel", receipt, as: "monitor") == nil)
        #expect(bench.run("restore", receipt, as: "monitor") == 123)
        #expect(try bench.violations() == [])
        #expect(bench.issue("NORTH-2", "LOT") == nil, "goods whose receipt is gone may have a new one")
    }

    @Test("CHAT-40: under a pledge ownership changes with the bank's consent alone, and the buyer is told")
    func ownership() throws {
        let bench = ChattelBench()
        bench.lend()
        let buyer = ("beneficiary", Value.text("rival"))
        let receipt = ("receipt", Value.text("NORTH-1"))
        #expect(bench.run("transferBeneficiary", [receipt, buyer], as: "owner") == 150)
        #expect(bench.run("transferBeneficiary", [receipt, buyer], as: "bank") == 164)
        #expect(bench.run("transferHolder", [receipt, ("holder", "rival")], as: "bank") == 150)
        #expect(bench.run("nominate", [receipt, buyer], as: "owner") == nil)
        #expect(bench.run("transferBeneficiary", [receipt, buyer], as: "bank") == nil)
        let event = bench.events.last { $0.name == "ownership" }
        #expect(event?.details["owner"]?.text == "rival")
        #expect(event?.details["bank"]?.text == "bank")
        #expect(try bench.receipt("NORTH-1").loan == "L")
        #expect(try bench.violations() == [])
    }
}
