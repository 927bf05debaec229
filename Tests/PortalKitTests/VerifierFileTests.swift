import Foundation
import Testing

@testable import PortalKit

@Suite("The verifier in one file")
struct VerifierFileTests {
    private func html() throws -> String {
        let portal = try Portal(site: .sample)
        let asset = try #require(portal.asset(named: VerifierFile.name))
        #expect(asset.downloadName == "cairn-verify.html")
        return String(decoding: asset.bytes, as: UTF8.self)
    }

    @Test("it needs nothing from elsewhere")
    func selfContained() throws {
        let html = try html()
        #expect(!html.contains(VerifierFile.styleMark) && !html.contains(VerifierFile.scriptMark))
        #expect(html.matches(of: #/(?m)^(import|export)\s/#).isEmpty)
        #expect(html.matches(of: /(src|href)=/).isEmpty)
        #expect(!html.contains("fetch("))
        #expect(html.contains("default-src 'none'"))
    }

    @Test("no two modules declare the same name, so that they can share one script")
    func names() throws {
        let portal = try Portal(site: .sample)
        var declared: [String: String] = [:]
        for module in VerifierFile.modules {
            let text = String(decoding: try #require(portal.asset(named: module)).bytes, as: UTF8.self)
            for match in text.matches(of: /(?m)^(?:export )?(?:async )?(?:function|const|let|class) ([A-Za-z0-9_]+)/) {
                let name = String(match.output.1)
                #expect(declared[name] == nil, "\(name) is declared in \(declared[name] ?? "") and \(module)")
                declared[name] = module
            }
        }
        #expect(declared.count > 40)
    }

    @Test("modules import only from modules that come before them in the file")
    func order() throws {
        let portal = try Portal(site: .sample)
        for (index, module) in VerifierFile.modules.enumerated() {
            let text = String(decoding: try #require(portal.asset(named: module)).bytes, as: UTF8.self)
            for match in text.matches(of: /from "\.\/([a-z]+\.js)"/) {
                #expect(VerifierFile.modules[..<index].contains(String(match.output.1)), "\(module)")
            }
        }
    }
}
