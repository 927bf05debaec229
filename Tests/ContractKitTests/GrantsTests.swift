import ContractKit
import Ledger
import TestSupport
import Testing

/// Who may read what: default deny, partial, for a time, revocable, and every access recorded.
struct GrantsTests {
    /// A farm whose soil has readings in epoch 1.
    private static func farm() -> GrantsBench {
        let bench = GrantsBench()
        #expect(bench.setKey(of: "farm", 1) == nil)
        #expect(bench.openEpoch(1) == nil)
        #expect(bench.batch(0, epoch: 1, at: 500) == nil)
        return bench
    }

    @Test func whatNobodyPublishedMustBeSealed() throws {
        let bench = Self.farm()
        #expect(bench.batch(1, epoch: 0, at: 501, sealed: false) == 105)
        #expect(bench.batch(1, epoch: 2, at: 501) == 104)
        #expect(bench.run("grants", "publish", [("stream", "farm.soil")], as: "shop") == 5)
        #expect(bench.run("grants", "publish", [("stream", "farm.soil")], as: "farm") == nil)
        #expect(bench.run("grants", "publish", [("stream", "farm.soil")], as: "farm") == 107)
        #expect(bench.batch(1, epoch: 0, at: 501, sealed: false) == nil)
        #expect(bench.run("grants", "unpublish", [("stream", "farm.soil")], as: "farm") == nil)
        #expect(bench.batch(2, epoch: 0, at: 501, sealed: false) == 105)
    }

    @Test func epochsFollowEachOther() throws {
        let bench = GrantsBench()
        #expect(bench.openEpoch(1) == 7, "the owner has no key that it could be delivered to")
        #expect(bench.setKey(of: "farm", 1) == nil)
        #expect(bench.openEpoch(2) == 107)
        #expect(bench.openEpoch(1, commitment: Hash32.sha256([1])) == nil)
        #expect(bench.openEpoch(1, commitment: Hash32.sha256([1])) == nil, "the same again changes nothing")
        #expect(bench.openEpoch(1, commitment: Hash32.sha256([2])) == 107, "a commitment is never replaced")
        #expect(bench.openEpoch(2) == nil)
        #expect(bench.openEpoch(1, stream: "soil") == 3, "a stream has an owner")
    }

    @Test func nothingWithoutAGrant() {
        let bench = Self.farm()
        #expect(bench.release("none", 1) == 7)
        #expect(bench.grant("g", streams: ["dairy.milk"], until: 2_000_000) == 101)
        #expect(bench.grant("g", for: "farm", until: 2_000_000) == 109)
        #expect(bench.grant("g", streams: [], until: 2_000_000) == 101)
        #expect(bench.grant("g", streams: ["farm.soil", "farm.air"], until: 2_000_000) == 101)
        #expect(bench.grant("g", until: bench.time) == 100)
        #expect(bench.grant("g", from: 2, to: 1, until: 2_000_000) == 100)
    }

    /// COMMON-27: a grant for one stream does not open another.
    @Test func oneStreamIsNotAnother() {
        let bench = Self.farm()
        #expect(bench.openEpoch(1, stream: "farm.feed") == nil)
        #expect(bench.batch(0, epoch: 1, stream: "farm.feed", at: 500) == nil)
        #expect(bench.grant("g", until: 2_000_000) == nil)
        #expect(bench.release("g", 1, stream: "farm.feed") == 104)
        #expect(bench.release("g", 1, as: "shop") == 5)
        #expect(bench.release("g", 1) == nil)
        #expect(bench.release("g", 1) == 8, "an answered request opens nothing twice")
    }

    @Test func endsByRevocationAndByTime() throws {
        let bench = Self.farm()
        #expect(bench.grant("g", until: 2_000_000) == nil)
        #expect(bench.grant("h", until: 1_500_000) == nil)
        let before = try bench.rotation("farm.soil")
        #expect(bench.run("grants", "revoke", [("id", "g")], as: "bank") == 5)
        #expect(bench.run("grants", "revoke", [("id", "g")], as: "farm") == nil)
        #expect(bench.run("grants", "revoke", [("id", "g")], as: "farm") == 105)
        #expect(bench.release("g", 1) == 103)
        #expect(try bench.rotation("farm.soil") == before + 1, "what comes next gets another key")
        #expect(bench.release("h", 2) == nil)
        try bench.advance(to: 1_500_000)
        #expect(bench.release("h", 3) == 103)
        #expect(try bench.rotation("farm.soil") == before + 2, "also when a grant ends by itself")
        #expect(try bench.violations().isEmpty)
    }

    @Test func aReaderGivesBack() {
        let bench = Self.farm()
        #expect(bench.grant("g", until: 2_000_000) == nil)
        #expect(bench.run("grants", "revoke", [("id", "g")], as: "shop") == nil)
        #expect(bench.release("g", 1) == 103)
    }

    @Test func onlyEpochsOfThePeriod() {
        let bench = Self.farm()
        #expect(bench.grant("before", from: 0, to: 499, until: 2_000_000) == nil)
        #expect(bench.release("before", 1) == 104)
        #expect(bench.grant("after", from: 501, until: 2_000_000) == nil)
        #expect(bench.release("after", 2) == 104)
        #expect(bench.grant("on", from: 500, to: 500, until: 2_000_000) == nil)
        #expect(bench.release("on", 3) == nil)
        #expect(bench.release("on", 4, last: 2) == 7)
    }

    /// A grant from now on opens no key that was in use before it, although that epoch still gets readings.
    @Test func fromNowOnMeansTheNextKey() throws {
        let bench = Self.farm()
        #expect(bench.grant("g", from: bench.time, until: 2_000_000) == nil)
        #expect(try bench.rotation("farm.soil") == 1)
        bench.time += 10
        #expect(bench.batch(1, epoch: 1, at: bench.time) == nil)
        #expect(bench.release("g", 1) == 104)
        #expect(bench.openEpoch(2) == nil)
        #expect(bench.batch(2, epoch: 2, at: bench.time) == nil)
        #expect(bench.release("g", 2, first: 2, last: 2) == nil)
    }

    @Test func aGrantGivesNoMoreThanWasAsked() {
        let bench = Self.farm()
        #expect(bench.request("r", until: 2_000_000) == nil)
        #expect(bench.request("r", until: 2_000_000) == 8)
        #expect(bench.grant("g", streams: ["farm.soil", "farm.water"], until: 2_000_000, request: "r") == 110)
        #expect(bench.grant("g", until: 2_000_001, request: "r") == 110)
        #expect(bench.grant("g", for: "bank", until: 2_000_000, request: "r") == 110)
        #expect(bench.grant("g", until: 2_000_000, request: "r", purpose: "other") == 110)
        #expect(bench.grant("g", streams: ["farm.soil"], until: 1_900_000, request: "r") == nil)
        #expect(bench.grant("h", until: 1_900_000, request: "r") == 102)
        #expect(bench.request("s", until: 2_000_000) == nil)
        #expect(bench.run("grants", "refuse", [("id", "s")], as: "bank") == 5)
        #expect(bench.run("grants", "refuse", [("id", "s")], as: "farm") == nil)
        #expect(bench.run("grants", "refuse", [("id", "s")], as: "shop") == 102)
    }

    /// COMMON-15: an id and a key belong together at every height.
    @Test func encryptionKeysAreNeverShared() throws {
        let bench = GrantsBench()
        #expect(bench.setKey(of: "farm", 1) == nil)
        #expect(bench.setKey(of: "dairy", 1) == 106)
        #expect(bench.setKey(of: "farm", 2) == nil)
        #expect(bench.setKey(of: "farm", 1) == 106, "an old key does not come back")
        #expect(bench.setKey(of: "dairy", 1) == 106)
        let old = try #require(try bench.state.get(GrantsContract.oldKeys, "farm/1"))
        let current = try #require(try bench.state.get(GrantsContract.keys, "farm"))
        #expect(old.until == current.from && current.number == 2)
        #expect(bench.run("grants", "setEncryptionKey", [("key", .bytes([1, 2]))], as: "shop") == 3)
    }

    /// COMMON-15: a device that is provisioned again gets a new key and loses the old one; no two devices share any.
    @Test func deviceKeysAreNeverShared() throws {
        let bench = GrantsBench()
        func enrol(_ urn: String, _ generation: UInt64, _ key: SigningKey) -> UInt64? {
            bench.run(
                "membership", "enrolDevice",
                [
                    ("urn", .text(urn)), ("owner", "farm"), ("gateway", "gateway"), ("profile", "p"),
                    ("generation", .unsigned(generation)), ("key", .bytes(key.verifyingKey.coseKey)),
                ], as: "registrar")
        }
        let (first, second) = (SigningKey.generate(), SigningKey.generate())
        #expect(enrol("urn:dev:os:1", 1, first) == nil)
        #expect(enrol("urn:dev:os:2", 1, first) == 8)
        #expect(enrol("urn:dev:os:1", 2, first) == 8)
        #expect(enrol("urn:dev:os:1", 2, second) == nil)
        let old = try #require(try bench.state.get(MembershipContract.keys, first.kid.hex))
        let new = try #require(try bench.state.get(MembershipContract.keys, second.kid.hex))
        #expect(old.until == new.from && new.until == nil)
        #expect(enrol("urn:dev:os:2", 1, first) == 8, "nor one that is retired")
    }
}
