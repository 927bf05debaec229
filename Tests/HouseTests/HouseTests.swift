import Foundation
import Testing

/// The rules of the house as a test; docs/STYLE.md says why.
struct HouseTests {
    private let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func swiftFiles(_ folders: String...) -> [(path: String, text: String)] {
        folders.flatMap { folder -> [(String, String)] in
            let root = repository.appending(path: folder)
            let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.allObjects ?? []
            return all.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.compactMap { url in
                guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
                return (String(url.path.dropFirst(repository.path.count + 1)), text)
            }
        }
    }

    private func imports(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").filter { $0.hasPrefix("import ") }.compactMap {
                $0.split(separator: " ").last.map(String.init)
            })
    }

    @Test func filesStaySmall() {
        for file in swiftFiles("Sources", "UseCases") {
            #expect(
                file.text.split(separator: "\n", omittingEmptySubsequences: false).count <= 420,
                "\(file.path) is too long")
        }
    }

    @Test func namesSaySomething() {
        for file in swiftFiles("Sources", "UseCases") {
            let name = URL(filePath: file.path).deletingPathExtension().lastPathComponent
            for word in ["Manager", "Helper", "Util"] { #expect(!name.contains(word), "\(file.path)") }
        }
    }

    /// Contracts see nothing but the contract kit; the ledger core does no I/O.
    @Test func contractsAndCoreAreDeterministic() {
        for file in swiftFiles("Sources/ContractKit") {
            #expect(imports(file.text).isSubset(of: ["Ledger"]), "\(file.path)")
        }
        for file in swiftFiles("Sources/Ledger") {
            #expect(imports(file.text).isSubset(of: ["Crypto"]), "\(file.path)")
        }
        for file in swiftFiles("UseCases") where file.path.contains("/Contract/") {
            #expect(imports(file.text) == ["ContractKit"], "\(file.path)")
            for word in ["Double", "Float", " Date(", "random", "async ", "print("] {
                #expect(!file.text.contains(word), "\(file.path) uses \(word)")
            }
        }
    }

    @Test func databasesStayBehindTheirTargets() {
        let allowed = [
            "Sources/LedgerStore/", "Sources/ProjectionKit/", "Sources/KeyService/", "Sources/PersonalData/",
            "Sources/Gateway/",
        ]
        for file in swiftFiles("Sources", "UseCases") where imports(file.text).contains("GRDB") {
            #expect(allowed.contains { file.path.hasPrefix($0) }, "\(file.path) imports GRDB")
        }
    }

    @Test func nothingIsForced() {
        for file in swiftFiles("Sources", "UseCases") where !file.path.contains("/Tests/") {
            #expect(!file.text.contains("try!"), "\(file.path) has try!")
            for line in file.text.split(separator: "\n") where line.contains(" as! ") {
                Issue.record("\(file.path): \(line)")
            }
        }
    }

    @Test func useCasesDoNotKnowEachOther() {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: repository.appending(path: "UseCases").path)) ?? []
        for file in swiftFiles("UseCases") {
            let own = file.path.split(separator: "/")[1]
            for other in names where other != own {
                #expect(!imports(file.text).contains { $0.hasPrefix(other) }, "\(file.path) imports \(other)")
            }
        }
        for file in swiftFiles("Sources") where file.path != "Sources/Node/UseCases.swift" {
            for name in names {
                #expect(!imports(file.text).contains { $0.hasPrefix(name) }, "\(file.path) imports \(name)")
            }
        }
    }
}
