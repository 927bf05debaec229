import Testing

@testable import PortalKit

@Suite("Components")
struct ComponentTests {
    @Test("a form has its token, its fixed values and its fields in order")
    func form() {
        let form = Form(
            id: "f", title: "T", action: "/a",
            fields: [
                .init("plot", label: "Plot", kind: .choice([.init("1", "One"), .init("2", "Two")]), value: "2"),
                .init("kg", label: "Weight", kind: .number(unit: "kg", step: "0.1"), isRequired: false),
            ],
            fixed: [.init("lot", "88")], submit: "Go", csrfToken: "t")
        let view = form.view
        #expect(view.hidden.map(\.hiddenName) == ["csrf", "lot"])
        #expect(view.fields.map(\.fieldName) == ["plot", "kg"])
        #expect(view.fields[0].choices.map(\.isChosen) == [false, true])
        #expect(view.fields[1].fieldUnit == "kg" && view.fields[1].isOptional)
    }

    @Test("states and marks differ in drawing, not only in colour")
    func symbols() {
        #expect(Set(CodeState.allCases.map(\.symbol.svg)).count == CodeState.allCases.count)
        #expect(Set(TrustMark.allCases.map(\.view.trustSymbol)).count == TrustMark.allCases.count)
        #expect(Set(CodeState.allCases.map(\.label)).count == CodeState.allCases.count)
    }

    @Test("numbers are grouped, hashes shortened")
    func texts() {
        #expect(grouped(1_234_567) == "1\u{202F}234\u{202F}567")
        #expect(grouped(12) == "12")
        #expect(shortened("0123456789abcdef") == "0123456789ab…")
        #expect(figure(-0.0125) == "-0.012" || figure(-0.0125) == "-0.013")
        #expect(figure(4000) == "4000")
    }
}
