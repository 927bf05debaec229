import ContractKit
import Foundation
import Keys
import Ledger
import PersonalData
import Testing

/// Personal data at its holder: encrypted, committed to, erased with its key (COMMON-18, COMMON-25, COMMON-32).
struct PersonalVaultTests {
    /// A vault in a folder that goes with it.
    private final class Bench {
        let folder = URL.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
        let rule: RetentionTable.Rule

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            rule = try RetentionTable.standard().rule("contact")
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        var file: URL { folder.appending(path: "personal.sqlite") }
        var keys: URL { folder.appending(path: "keys") }

        func open() throws -> PersonalVault { try PersonalVault(path: file.path, keys: SecretFolder(keys)) }

        func keep(_ name: String, of person: String = "jane", in vault: PersonalVault) throws -> PersonalVault.Entry {
            try vault.keep(PersonalContent([.name: name]), of: person, holder: "farm", under: rule, at: 1_000)
        }
    }

    @Test func nothingLiesInClear() throws {
        let bench = try Bench()
        let vault = try bench.open()
        let entry = try bench.keep("Jane Planted-73918461", in: vault)
        let bytes = try Data(contentsOf: bench.file)
        #expect(bytes.range(of: Data("Planted".utf8)) == nil)
        #expect(try vault.entries(of: "jane") == [entry])
        #expect(try vault.entries(of: "joe") == [], "a person has their own alone")
        #expect(try bench.open().entries(of: "jane") == [entry], "as kept, after a restart")
        #expect(try vault.count(holder: "farm") == 1 && vault.count(holder: "shop") == 0)
    }

    @Test func erasedIsErasedInEveryCopy() throws {
        let bench = try Bench()
        let vault = try bench.open()
        let entry = try bench.keep("Jane", in: vault)
        let other = try bench.keep("Jane again", in: vault)
        let copy = try Data(contentsOf: bench.file)
        try vault.erase(entry.id, reason: .asked)
        let left = try vault.entries(of: "jane")
        #expect(left.count == 2 && left.first { $0.id == entry.id }?.content == nil)
        #expect(left.first { $0.id == other.id }?.content == other.content)
        #expect(try vault.erased().map(\.reason) == [.asked])

        try copy.write(to: bench.file)
        let restored = try bench.open().entries(of: "jane")
        #expect(restored.first { $0.id == entry.id }?.content == nil, "the copy has the row, and no key opens it")
        #expect(restored.first { $0.id == other.id }?.content == other.content)
    }

    @Test func aCrashBeforeTheKeyIsDestroyedIsMadeGood() throws {
        let bench = try Bench()
        let vault = try bench.open()
        let entry = try bench.keep("Jane", in: vault)
        let key = bench.keys.appending(path: "\(entry.id).record")
        let kept = try Data(contentsOf: key)
        try vault.erase(entry.id, reason: .asked)
        try kept.write(to: key)
        _ = try bench.open()
        #expect(!FileManager.default.fileExists(atPath: key.path))
    }

    @Test func aCommitmentCannotBeGuessed() throws {
        let one = try PersonalContent([.name: "Jane", .phone: "1"])
        let two = try PersonalContent([.name: "Jane", .phone: "1"])
        #expect(one.commitment != two.commitment)
        let encoded = CBOR.array([
            "cairn-personal/1", .bytes(one.salt), .map(CBORMap([("name", "Jane"), ("phone", "1")])),
        ]).encoded()
        #expect(one.commitment == Hash32.sha256(encoded), "as the format says")
    }

    @Test func badFieldsAreRefused() {
        for value in ["", "two\nlines", String(repeating: "a", count: 201)] {
            #expect(throws: PersonalDataError(.field, "")) { try PersonalContent([.name: value]) }
        }
        #expect(throws: PersonalDataError(.field, "")) { try PersonalContent([:]) }
        #expect(throws: PersonalDataError(.unknownClass, "")) { try RetentionTable.standard().rule("none") }
    }

    @Test func onePersonHasAnotherNameForEachPurpose() throws {
        let bench = try Bench()
        let vault = try bench.open()
        let entry = try bench.keep("Jane", in: vault)
        let delivery = try vault.pseudonym(of: "jane", for: "delivery")
        #expect(try vault.pseudonym(of: "jane", for: "delivery") == delivery)
        #expect(try vault.pseudonym(of: "jane", for: "accounting") != delivery)
        #expect(try vault.pseudonym(of: "joe", for: "delivery") != delivery)
        try vault.erase(entry.id, reason: .asked)
        #expect(try vault.pseudonym(of: "jane", for: "delivery") != delivery, "with the last record its key went")
    }
}
