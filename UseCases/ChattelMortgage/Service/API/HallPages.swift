import APIKit
import ChattelMortgageContract
import ChattelMortgagePages
import ContractKit
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The monitoring organisation's page with its halls from above, and the page of a receipt.
extension ChattelRoutes {
    private static let back = Site.Link(title: "Back to the halls", href: "/halls")

    var hallRoutes: [Route] {
        [
            page("/halls", "The monitoring organisation's page", role: Role.monitor) { try hallsPage($0) },
            action("/halls/receipt", "Issue a receipt", role: Role.monitor, back: Self.back) { input, _ in
                let name = try input.text("lot")
                guard let lot = try platform.state.get(Chattel.lots, name),
                    let site = try platform.state.get(Chattel.sites, lot.site)
                else { throw Problem.badRequest("there is no lot \(name)") }
                let number = "\(lot.site)-\(site.receipts + 1)"
                return Wish(
                    operation: "issueReceipt",
                    arguments: [
                        ("number", .text(number)), ("lot", .text(name)),
                        ("deliveryTerm", .text(try input.text("deliveryTerm"))), ("negotiable", true),
                        ("charges", .null), ("insurance", .null),
                    ], subject: "receipt:\(number)", done: "Receipt \(number) issued")
            },
            action("/halls/report", "Tell a bank the status", role: Role.monitor, back: Self.back) { input, _ in
                let id = try input.text("application")
                return Wish(
                    operation: "report", arguments: [("application", .text(id))], subject: "application:\(id)",
                    done: "The bank is told")
            },
            action("/halls/close", "Close an alarm", role: Role.monitor, back: Self.back) { input, _ in
                let parts = try input.text("alarm").split(separator: "/")
                guard parts.count == 2, let number = UInt64(parts[1]) else {
                    throw Problem.badRequest("choose an alarm")
                }
                return Wish(
                    operation: "closeAlarm",
                    arguments: [
                        ("lot", .text(String(parts[0]))), ("number", .unsigned(number)),
                        ("reason", .text(try input.text("reason"))),
                    ], subject: "lot:\(parts[0])", done: "Alarm closed")
            },
        ]
    }

    private func hallsPage(_ session: Session) throws -> WorkPage {
        let sites = try platform.state.scan(Chattel.sites, limit: 500).filter {
            $0.value.monitor == session.participant
        }
        let names = Set(sites.map(\.key))
        let goods = try lots { names.contains($0.site) }
        return WorkPage(
            kicker: "Monitoring organisation", title: session.name,
            lead: "Halls and trucks as their sensors see them now.",
            drawings: try sites.map { try map($0.key, $0.value, goods).drawing },
            tables: [
                try goodsTable(goods), receiptTable(try receipts { names.contains($0.site) && $0.children.isEmpty }),
                try alarmTable(goods),
            ], forms: try hallForms(session, goods))
    }

    private func map(_ id: String, _ site: MonitoredSite, _ goods: [(key: String, value: Lot)]) throws -> HallMap {
        let bays = try platform.state.scan(Chattel.bays, prefix: "\(id)/", limit: 500)
        return HallMap(
            title: site.name,
            bays: try bays.map { key, bay in
                let name = String(key.dropFirst(id.utf8.count + 1))
                let here = goods.filter { $0.value.site == id && $0.value.bay == name }
                let receipts = try here.flatMap {
                    try $0.value.receipts.compactMap { try platform.state.get(Chattel.receipts, $0) }
                }
                let state: HallMap.State =
                    here.contains { $0.value.openAlarms > 0 }
                    ? .alarmed
                    : receipts.contains { $0.loan != nil } ? .pledged : bay.grams > 0 ? .free : .empty
                return HallMap.Bay(name, state: state, weight: bay.grams > 0 ? Amounts.tonnes(bay.grams) : "")
            })
    }

    private func goodsTable(_ goods: [(key: String, value: Lot)]) throws -> Table {
        Table(
            caption: "Lots",
            columns: [
                .init("Lot"), .init("Owner"), .init("Bay"), .init("Declared", isNumeric: true),
                .init("Seen", isNumeric: true), .init("Pieces", isNumeric: true), .init("Density", isNumeric: true),
                .init("Source"),
            ],
            rows: try goods.map { name, lot in
                let bay = try bay(of: lot)
                return [
                    .link(name, href: "/sequence?about=lot:\(name)"), .text(platform.name(of: lot.owner)),
                    .text("\(try siteName(lot.site)), \(lot.bay)"), .text(Amounts.tonnes(lot.grams)),
                    .link(bay.map { Amounts.tonnes($0.grams) } ?? "–", href: grounds("lot:\(name)", bay).href),
                    .text(bay.map { "\($0.count)" } ?? "–"),
                    .text(bay?.density.map { "\($0) kg/m³" } ?? "–"),
                    bay.map { .link("Measurement", href: record($0.transaction)) } ?? .text("–"),
                ]
            }, empty: .init("No lot is declared here yet. Owners declare what they bring."))
    }

    private func hallForms(_ session: Session, _ goods: [(key: String, value: Lot)]) throws -> [Form] {
        let token = session.formToken
        var forms: [Form] = []
        let bare = goods.filter { $0.value.receipts.isEmpty }
        if !bare.isEmpty {
            forms.append(
                Form(
                    id: "receipt", title: "Issue a receipt", action: "/halls/receipt",
                    fields: [
                        .init(
                            "lot", label: "Lot",
                            kind: .choice(bare.map { .init($0.key, "\($0.key), \(Amounts.tonnes($0.value.grams))") })),
                        .init(
                            "deliveryTerm", label: "Delivery", kind: .text(maximumLength: 200),
                            value: "To the order of the holder"),
                    ], submit: "Issue it if the sensors agree", csrfToken: token))
        }
        let asked = try platform.state.scan(Chattel.applications, limit: 5000).filter {
            $0.value.monitor == session.participant && ($0.value.authorisedUntil ?? 0) > platform.now
        }
        if !asked.isEmpty {
            forms.append(
                Form(
                    id: "report", title: "Status asked for", action: "/halls/report",
                    fields: [
                        .init(
                            "application", label: "Application",
                            kind: .choice(asked.map { .init($0.key, "\($0.key), \(platform.name(of: $0.value.bank))") })
                        )
                    ], submit: "Tell the bank", csrfToken: token))
        }
        var open: [Form.Choice] = []
        for (name, lot) in goods where lot.openAlarms > 0 {
            for (key, alarm) in try platform.state.scan(Chattel.alarms, prefix: "\(name)/", limit: 100)
            where alarm.closed == nil {
                open.append(.init(key, "\(AlarmWords.title(alarm.kind)), \(name)"))
            }
        }
        if !open.isEmpty {
            forms.append(
                Form(
                    id: "close", title: "Close an alarm", action: "/halls/close",
                    fields: [
                        .init("alarm", label: "Alarm", kind: .choice(open)),
                        .init("reason", label: "Reason", kind: .text(maximumLength: 200)),
                    ], submit: "Close it", csrfToken: token))
        }
        return forms
    }

    // MARK: A receipt

    /// Of each thing that is known of a lot: which device says so, where it is, and whose it is.
    private func sourceTable(_ lot: Lot) throws -> Table {
        let bay = try bay(of: lot)
        let site = try siteName(lot.site)
        let rows = try (bay?.devices ?? []).compactMap { urn -> [Table.Cell]? in
            guard let bay, let device = try platform.state.get(MembershipContract.devices, urn),
                let (what, value) = Self.datum(of: device.profile, bay)
            else { return nil }
            return [
                .text(what), .link(value, href: grounds("\(lot.site)/\(lot.bay)", bay, [urn]).href), .text(urn),
                .text(platform.name(of: device.owner)), .text("\(site), \(lot.bay)"), .time(Self.moment(bay.at)),
            ]
        }
        return Table(
            caption: "Where each figure comes from",
            columns: [
                .init("What"), .init("Value"), .init("Device"), .init("Its owner"), .init("Site"), .init("Measured"),
            ], rows: rows, empty: .init("No sensor has seen these goods where they are now."))
    }

    private static func datum(of profile: String, _ bay: BayRecord) -> (what: String, value: String)? {
        switch profile {
        case "goods-scale": ("Weight", Amounts.tonnes(bay.grams))
        case "goods-contour":
            (
                "Contour",
                "\(Amounts.metres(bay.length)) × \(Amounts.metres(bay.width)) × \(Amounts.metres(bay.height))"
            )
        case "goods-identity":
            (
                "Pieces and marks",
                "\(bay.count), \(bay.tags.prefix(2).joined(separator: ", "))"
                    + (bay.tags.count > 2 ? " and \(bay.tags.count - 2) more" : "")
            )
        default: nil
        }
    }

    /// Everybody learns whether a receipt is in force and free; only its parties learn who has it.
    func receiptPage(_ number: String, _ session: Session) throws -> WorkPage {
        guard let receipt = try platform.state.get(Chattel.receipts, number),
            let lot = try platform.state.get(Chattel.lots, receipt.lot)
        else { throw Problem.notFound("receipt \(number)") }
        let monitor = try platform.state.get(Chattel.sites, receipt.site)?.monitor
        let parties = [receipt.title.beneficiary, receipt.title.holder, receipt.title.nominee, monitor]
        let isParty = parties.contains(session.participant)
        var facts = [
            Fact("State", receipt.loan != nil || receipt.isBlocked ? "Not free" : receipt.title.stage.rawValue),
            Fact("Goods", lot.specification),
            Fact(
                "Weight", Amounts.tonnes(receipt.grams), grounds: grounds("receipt:\(number)", try bay(of: lot))),
            Fact("Pieces", "\(receipt.count)"), Fact("Class", lot.class), Fact("Grade", receipt.terms.grade),
            Fact("Issued", Self.moment(receipt.issuedAt)),
            Fact("Measured", "The measurement that it was issued on", href: record(receipt.evidence)),
            Fact("Warehouse licence", receipt.terms.licence), Fact("Place", receipt.terms.place),
        ]
        if isParty {
            facts += [
                Fact("Owner", platform.name(of: receipt.title.beneficiary)),
                Fact("Controlled by", platform.name(of: receipt.title.holder)),
                Fact("Depositor", platform.name(of: receipt.terms.depositor)),
                Fact("Delivery", receipt.terms.deliveryTerm), Fact("Charges", receipt.terms.charges),
                Fact("Insurance", receipt.terms.insurance),
            ]
        }
        let custody = try lot.custody.map { entry -> [Table.Cell] in
            let parts = entry.split(separator: "/").map(String.init)
            return [.text(try siteName(parts[0])), .time(Self.moment(UInt64(parts.last ?? "") ?? 0))]
        }
        return WorkPage(
            kicker: "Warehouse receipt", title: number,
            lead: isParty ? "" : "You see whether it is in force and free. Who has it is told to its parties alone.",
            facts: facts,
            tables: isParty
                ? [
                    try sourceTable(lot),
                    Table(
                        caption: "In whose hands the goods were", columns: [.init("Where"), .init("From")],
                        rows: custody, empty: .init("Nowhere yet.")),
                ] : [])
    }
}
