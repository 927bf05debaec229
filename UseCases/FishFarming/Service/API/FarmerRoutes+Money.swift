import APIKit
import ContractKit
import FishFarmingContract
import FishFarmingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

// What the farmer has and owes, and the forms that ask for more.

extension FarmerRoutes {
    /// Applications, pre-filled with what the ledger holds: published models, confirmed orders, the farmer's fish.
    func moneyForms(_ session: Session) throws -> [Form] {
        func choices(_ kind: String) throws -> [Form.Choice] {
            try platform.state.scan(Fish.models, limit: Self.limit).filter { $0.value.kind == kind }.map { key, model in
                let institution = platform.name(of: String(key.prefix { $0 != "/" }))
                return .init(
                    key, "\(institution), up to \(FishWork.money(model.maximum)) at \(Double(model.rate) / 10) %")
            }
        }
        let fish = try platform.state.scan(Fish.batches, limit: 2000).filter { $0.value.owner == session.participant }
            .map { Form.Choice($0.key, "\($0.key), \($0.value.species)") }
        let orders = try platform.state.scan(Fish.orders, limit: 2000).filter {
            $0.value.owner == session.participant && $0.value.isConfirmed && $0.value.usedBy == nil
        }.map { Form.Choice($0.key, "\($0.value.goods), \(FishWork.money($0.value.amount))") }
        let (lenders, insurers) = (try choices("loan"), try choices("cover"))
        var forms: [Form] = []
        if !fish.isEmpty, !orders.isEmpty, !lenders.isEmpty {
            forms.append(
                Form(
                    id: "apply", title: "Apply for a loan", action: "/fish/apply",
                    fields: [
                        .init("model", label: "From", kind: .choice(lenders)),
                        .init("order", label: "To pay", kind: .choice(orders), hint: "The money goes to the seller."),
                        .init("batch", label: "For the fish", kind: .choice(fish)),
                        .init("amount", label: "Amount", kind: .number(unit: "XPT", step: "0.01")),
                    ], submit: "Apply", csrfToken: session.formToken))
        }
        if !fish.isEmpty, !insurers.isEmpty {
            forms.append(
                Form(
                    id: "insure", title: "Ask for cover", action: "/fish/insure",
                    fields: [
                        .init("model", label: "From", kind: .choice(insurers)),
                        .init("batch", label: "For the fish", kind: .choice(fish)),
                        .init("sum", label: "Sum insured", kind: .number(unit: "XPT", step: "1")),
                    ], submit: "Ask", csrfToken: session.formToken))
        }
        return forms
    }

    static let words: [DataClass: String] = [
        .water: "water", .operations: "aerator and feeder", .fry: "fry and deaths", .feed: "feed",
        .medicine: "medicine",
    ]

    func loans(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.loans, prefix: "\(farmer)/", limit: Self.limit).map { key, loan in
            [
                .link(String(key.dropFirst(farmer.count + 1)), href: DeskRoutes.path("loan", key)),
                .text(platform.name(of: loan.institution)), .text(FishWork.money(loan.amount)),
                .text(FishWork.money(loan.owed)), FishWork.stage(loan.stage.rawValue),
            ]
        }
    }

    func covers(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.covers, prefix: "\(farmer)/", limit: Self.limit).map { key, cover in
            [
                .link(String(key.dropFirst(farmer.count + 1)), href: DeskRoutes.path("cover", key)),
                .text(platform.name(of: cover.insurer)), .text(FishWork.money(cover.sum)),
                .text(FishWork.money(cover.paid + cover.auditPaid)), FishWork.stage(cover.stage.rawValue),
            ]
        }
    }

    func consents(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.shares, prefix: "\(farmer)/", limit: Self.limit).map { key, share in
            let kinds = share.classes.compactMap { DataClass(rawValue: $0).flatMap { Self.words[$0] } }
            return [
                .text(platform.name(of: String(key.dropFirst(farmer.count + 1)))), .text(kinds.joined(separator: ", ")),
                share.isLive(at: platform.now) ? .time(FishWork.moment(share.until)) : .mark("ended", .neutral),
            ]
        }
    }

    func batches(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(Fish.batches, limit: 2000).filter { $0.value.owner == farmer }.map { key, batch in
            [
                .link(key, href: BatchRoutes.path(key)), .text(batch.species),
                .text("\(batch.count - batch.dead)"),
                .text(batch.meanGrams == 0 ? "not weighed" : "\(batch.meanGrams) g"),
                .text("\(figure(Double(batch.feed) / 1000)) kg"),
                batch.isConfirmed ? .mark("confirmed by the supplier", .good) : .mark("stated", .neutral),
            ]
        }
    }

    /// Terms of service companies, banks and insurers, and what the farmer signed of them.
    func contracts(_ farmer: String) throws -> [[Table.Cell]] {
        try platform.state.scan(TermsContract.latest, limit: Self.limit).compactMap { key, version in
            let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, let text = try platform.state.get(TermsContract.texts, "\(key)/\(version)") else {
                return nil
            }
            let signature = try platform.state.get(TermsContract.signatures, "\(farmer)/\(key)")
            return [
                .text(platform.name(of: parts[0])),
                .link(text.title, href: TermsPage.path(issuer: parts[0], name: parts[1], version: version)),
                signature.map {
                    $0.hash == text.hash ? .mark("signed", .good) : .mark("signed version \($0.version)", .neutral)
                } ?? .mark("not signed", .neutral),
            ]
        }
    }

    /// Who helped the farmer to begin.
    func helper(_ farmer: String) throws -> String? {
        try platform.state.get(Fish.assistance, farmer).map {
            "\(platform.name(of: $0.worker)) explained the terms of \(platform.name(of: $0.provider)) to you in "
                + "\($0.language), \(FishWork.moment($0.at).text)."
        }
    }
}
