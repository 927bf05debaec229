import Testing

@testable import PortalKit

extension Site {
    static let sample = Site(
        name: "Cairn", operatorName: "Harvest Co-operative",
        navigation: [.init(title: "Explorer", href: "/ledgers/ab"), .init(title: "Verify", href: "/verify")],
        showsDemoRecords: true)
}

@Suite("The portal")
struct PortalTests {
    @Test("demonstration records bear a mark on every page, real ones do not")
    func demoMark() throws {
        #expect(try Portal(site: .sample).render(ProblemPage.notFound).contains("demo-mark"))
        let real = Site(name: "Cairn", operatorName: "X", navigation: [], showsDemoRecords: false)
        #expect(try !Portal(site: real).render(ProblemPage.notFound).contains("demo-mark"))
    }

    @Test("what a model says is never markup")
    func escaping() throws {
        let page = ProblemPage(status: 400, title: "<script>alert(1)</script>", reason: "a & b", remedy: "\"quoted\"")
        let html = try Portal(site: .sample).render(page)
        #expect(!html.contains("<script>alert"))
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    }

    @Test("pages have no inline script or style")
    func policy() throws {
        let portal = try Portal(site: .sample)
        for html in try ExplorerSamples.rendered(by: portal).values {
            #expect(html.matches(of: /<script(?![^>]*src=)/).isEmpty)
            #expect(html.matches(of: /\sstyle=|<style|\son[a-z]+=/).isEmpty)
            #expect(html.matches(of: /(src|href)="(https?:)?\/\//).isEmpty)
        }
    }

    @Test("the event stream is followed by live pages of those who are signed in")
    func live() throws {
        let portal = try Portal(site: .sample)
        let visitor = Visitor(name: "Anna", organisation: "Farm", signOutURL: "/sign-out", csrfToken: "t0ken")
        #expect(
            try portal.render(ExplorerSamples.ledger, for: visitor).contains(#"data-events="/api/v1/events""#))
        #expect(try !portal.render(ExplorerSamples.ledger).contains("data-events"))
        #expect(try !portal.render(ProblemPage.notFound, for: visitor).contains("data-events"))
    }

    @Test("a visitor who is signed in can sign out, with the token against forgery")
    func visitor() throws {
        let visitor = Visitor(name: "Anna", organisation: "Farm", signOutURL: "/sign-out", csrfToken: "t0ken")
        let html = try Portal(site: .sample).render(ProblemPage.notFound, for: visitor)
        #expect(html.contains(#"<input type="hidden" name="csrf" value="t0ken">"#))
    }

    @Test("assets have types and tags; unknown ones are nil")
    func assets() throws {
        let portal = try Portal(site: .sample)
        #expect(portal.asset(named: "verify.js")?.contentType == "text/javascript; charset=utf-8")
        #expect(portal.asset(named: "portal.css")?.etag.hasPrefix("\"") == true)
        #expect(portal.asset(named: "../Package.swift") == nil)
        #expect(portal.assetNames.contains("verify.html"))
    }

    @Test("a missing template folder is an error that says what to do")
    func missing() {
        let folder = TemplateFolder(url: .init(fileURLWithPath: "/nonexistent"), prefix: "x")
        #expect(throws: PortalError(.resourcesMissing, "")) { try Portal(site: .sample, templates: [folder]) }
    }

    @Test("pages of the explorer", arguments: Array(ExplorerSamples.names))
    func snapshots(name: String) throws {
        let rendered = try ExplorerSamples.rendered(by: Portal(site: .sample))
        try expectSnapshot(try #require(rendered[name]), name)
    }
}
