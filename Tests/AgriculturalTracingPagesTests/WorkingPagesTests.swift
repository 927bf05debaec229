import Testing

@testable import AgriculturalTracingPages
@testable import PortalKit

@Suite("Pages of farmers, laboratories, carriers and sellers")
struct WorkingPagesTests {
    private let portal: Portal

    init() throws {
        let site = Site(name: "Cairn", operatorName: "Co-operative", navigation: [], showsDemoRecords: true)
        portal = try Portal(site: site, templates: [AgriculturalTracingTemplates.folder])
    }

    @Test(
        "every operation has a form of at most five fields with the anti-forgery token",
        arguments: FarmOperation.allCases)
    func operations(operation: FarmOperation) throws {
        let page = FarmOperationPage(
            operation: operation, places: [.init("plot-12", "Plot 12")], action: "/farm/\(operation.rawValue)",
            today: BoxSamples.day, csrfToken: "t0ken", farmURL: "/farm")
        let html = try portal.render(page)
        let visible = html.matches(of: /<(select|input(?! type="hidden"))/).count
        #expect((1...5).contains(visible))
        #expect(html.contains(#"name="csrf" value="t0ken""#))
        #expect(html.contains(#"method="post" action="/farm/\#(operation.rawValue)""#))
        try expectSnapshot(html, "operation-\(operation.rawValue)")
    }

    @Test("fertilising takes at most five taps: the button, product, dose, and save")
    func taps() throws {
        let fields = FarmOperation.fertilising.fields(places: [.init("1", "One")], today: "2026-09-21")
        // The plot is the first of the list and the day is today; what is left to enter is what only the farmer knows.
        let toEnter = fields.filter { field in
            if case .choice = field.kind { return false }
            return field.value.isEmpty
        }
        #expect(1 + toEnter.count + 1 <= 5)
    }

    @Test("empty pages say the next step")
    func empty() throws {
        let farm = try portal.render(
            FarmerPage(farm: "New", scoreURL: "/s", operationURL: "/farm/record/", plots: [], lots: [], sent: []))
        #expect(farm.contains("Record a sowing") && farm.contains("/farm/record/sowing"))
        let laboratory = LaboratoryPage(
            agency: "Lab", accreditation: "ended", isAccredited: false, awaited: [],
            results: [], sent: [])
        #expect(try portal.render(laboratory).contains("New lots appear when a sample is taken"))
        let carrier = CarrierPage(carrier: "C", waiting: [], legs: [], temperature: nil, forms: [], sent: [])
        #expect(try portal.render(carrier).contains("Signing for boxes starts one"))
        let shop = SellerPage(shop: "S", incoming: [], shelf: [], forms: [], sent: [])
        #expect(try portal.render(shop).contains("The shelf is empty"))
    }

    @Test("a breach names its minutes, a box on the shelf its days")
    func findings() throws {
        let carrier = CarrierPage(
            carrier: "C", waiting: [],
            legs: [
                .init(
                    shipment: "SH-1", from: "A", to: "B", boxes: 80, departed: BoxSamples.time, arrived: nil,
                    minutesAboveLimit: 40, href: nil)
            ],
            temperature: nil,
            forms: [
                CarrierPage.shipForm(
                    lots: [.init("88", "88")], destinations: [.init("m", "M")], action: "/s",
                    csrfToken: "t"),
                CarrierPage.deliverForm(
                    shipments: [.init("SH-1", "SH-1")], highest: "7.4", minutesAbove: "40",
                    action: "/d", csrfToken: "t"),
            ],
            sent: [])
        let html = try portal.render(carrier)
        #expect(html.contains("40 min above the limit"))
        try expectSnapshot(html, "carrier")
        let shop = SellerPage(
            shop: "S", incoming: [],
            shelf: [.init(code: BoxSamples.code, product: "T", useBy: BoxSamples.day, daysLeft: 2, state: .active)],
            forms: [
                SellerPage.receiveForm(shipments: [.init("SH-1", "SH-1")], action: "/r", csrfToken: "t"),
                SellerPage.offerForm(boxes: [.init(BoxSamples.code.path, "88 · 1")], action: "/o", csrfToken: "t"),
                SellerPage.sellForm(action: "/s", csrfToken: "t", problem: "It is recalled."),
                SellerPage.wasteForm(action: "/w", csrfToken: "t"),
            ],
            sent: [])
        try expectSnapshot(try portal.render(shop), "seller")
    }

    @Test("a sheet has a symbol and the letters of each code")
    func labels() throws {
        let link = "https://id.example.org" + BoxSamples.code.path
        let page = LabelSheetPage(
            product: "Tomatoes",
            labels: [
                .init(
                    code: BoxSamples.code, digitalLink: link, lines: ["Use by \(BoxSamples.day.text)"],
                    tag: ("urn:epc:id:sgtin:9506000.013435.1", "3634"))
            ],
            back: .init(title: "Farm", href: "/farm"))
        let html = try portal.render(page)
        #expect(html.contains("(01) 09506000134352 (10) 88 (21) 1"))
        #expect(html.contains("urn:epc:id:sgtin:9506000.013435.1") && html.contains("Use by"))
        #expect(html.contains(try QRCode(link).svg(title: "QR symbol of \(BoxSamples.code.printed)")))
    }

    @Test("how far a record has come is said in words")
    func marks() throws {
        let sent = SavedMark.allCases.map {
            SentRecord(title: "Watered", time: BoxSamples.time, mark: $0, href: "/t/\($0.rawValue)")
        }
        let html = try portal.render(
            FarmerPage(
                farm: "F", scoreURL: "/s", operationURL: "/o/", plots: [], lots: [], sent: sent,
                notice: .init(mark: .final, sentence: "Done.", href: "/t")))
        for mark in SavedMark.allCases { #expect(html.contains(mark.label)) }
        try expectSnapshot(html, "farmer")
    }
}
