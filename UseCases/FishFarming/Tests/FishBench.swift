import ContractKit
import FishFarmingContract
import Ledger
import TestSupport

/// The fish contract on state in memory, with a farmer, institutions, a supplier, a vet, an auditor and a gateway.
final class FishBench {
    typealias Fish = FishFarmingContract

    let runner = ContractRunner(FishFarmingContract())
    static let roles: [String: [String]] = [
        "farmer": [Fish.Role.farmer], "neighbour": [Fish.Role.farmer], "bank": [Fish.Role.bank],
        "bank2": [Fish.Role.bank],
        "insurer": [Fish.Role.insurer], "supplier": [Fish.Role.supplier], "vet": [Fish.Role.vet],
        "auditor": [Fish.Role.auditor], "gateway": [MembershipContract.gateway], "service": [Fish.Role.service],
        "stranger": [],
        "helper": [Fish.Role.extensionWorker],
    ]
    static let all = CBOR.array(DataClass.allCases.map { .text($0.rawValue) })
    static let text = "Your data are yours."
    static let terms = Hash32.sha256(Bytes(text.utf8))
    static let hash = CBOR.hash(Hash32.sha256([1]))

    init() {
        for (id, roles) in Self.roles.sorted(by: { $0.key < $1.key }) { runner.enrol(id, roles: roles) }
        for (id, amount) in [("bank", 1_000_000), ("bank2", 1_000_000), ("insurer", 1_000_000), ("farmer", 100_000)] {
            runner.set(
                WalletContract.accounts.key(WalletContract.account(id, Fish.currency)),
                ["balance": .unsigned(UInt64(amount)), "limit": .null, "frozenBy": .null])
        }
        for (issuer, name) in [
            ("service", Fish.serviceTerms), ("bank", Fish.financeTerms), ("bank2", Fish.financeTerms),
            ("insurer", Fish.financeTerms),
        ] {
            runner.set(TermsContract.latest.key("\(issuer)/\(name)"), "1")
            runner.set(
                TermsContract.texts.key("\(issuer)/\(name)/1"),
                ["title": "Terms", "text": .text(Self.text), "hash": .hash(Self.terms), "publishedAt": 1])
        }
        for urn in ["probe", "aerator", "feeder"] {
            runner.set(
                MembershipContract.devices.key(urn),
                [
                    "owner": "farmer", "profile": "pond", "gateway": "gateway", "attestedBy": "r", "generation": 1,
                    "kid": Self.hash, "thing": .null, "revokedAt": .null,
                ])
        }
    }

    @discardableResult
    func run(_ name: String, _ arguments: [(String, CBOR)], as id: String = "farmer") -> UInt64? {
        runner.run(name, arguments, as: .init(id: id, member: "m", roles: Self.roles[id] ?? []))
    }

    func balance(_ id: String) throws -> UInt64 {
        try runner.state.get(WalletContract.accounts, WalletContract.account(id, Fish.currency))?.balance ?? 0
    }

    // MARK: Shorthand

    func farm() {
        run("signAgreement", [("provider", "service"), ("version", "1"), ("document", .hash(Self.terms))])
        run("allow", [("classes", Self.all)])
        run(
            "registerPond",
            [
                ("pond", "p"), ("species", "tilapia"), ("squareMetres", 1000), ("gateway", "gateway"),
                ("probe", "probe"), ("aerators", ["aerator"]), ("feeder", "feeder"), ("on", 300), ("off", 500),
                ("alarm", 200), ("shortest", 600_000),
            ])
        run(
            "stock",
            [
                ("batch", "b"), ("pond", "p"), ("species", "tilapia"), ("supplier", "supplier"), ("count", 1000),
                ("certificate", Self.hash),
            ])
        run("confirmFry", [("batch", "b")], as: "supplier")
    }

    /// Reports of an hour each, up to the ledger's time.
    func water(days: UInt64, mean: UInt64 = 600, fit: UInt64 = 60) {
        let start = runner.time
        for hour in 0..<days * 4 {
            runner.time = start + (hour + 1) * 21_600_000
            report(from: start + hour * 21_600_000, to: runner.time, mean: mean, fit: fit)
        }
    }

    @discardableResult
    func report(from: UInt64, to: UInt64, mean: UInt64, fit: UInt64 = 60, as id: String = "gateway") -> UInt64? {
        run(
            "reportWater",
            [
                ("pond", "p"), ("from", .unsigned(from)), ("to", .unsigned(to)), ("low", .unsigned(mean)),
                ("mean", .unsigned(mean)), ("high", .unsigned(mean)), ("samples", 60), ("fit", .unsigned(fit)),
            ], as: id)
    }

    /// Signs an institution's terms and shows it data.
    func share(_ institution: String, _ classes: CBOR = FishBench.all) {
        runner.set(
            TermsContract.signatures.key("farmer/\(institution)/\(Fish.financeTerms)"),
            ["version": "1", "hash": .hash(Self.terms), "signedAt": 1, "signer": "farmer", "transaction": Self.hash])
        run(
            "share",
            [
                ("institution", .text(institution)), ("classes", classes),
                ("until", .unsigned(runner.time + 1_000_000_000_000)),
            ])
    }

    static func card(
        _ kind: String, cutoff: UInt64, thinDays: UInt64 = 30, thin: UInt64 = 20_000,
        exclusions: [(String, UInt64)] = []
    ) -> CBOR {
        func rule(_ feature: String, _ bins: [(UInt64, UInt64)], _ reason: String) -> CBOR {
            [
                "feature": .text(feature), "reason": .text(reason),
                "bins": .array(bins.map { .array([.unsigned($0.0), .unsigned($0.1)]) }),
            ]
        }
        return [
            "kind": .text(kind), "cutoff": .unsigned(cutoff), "maximum": 80_000, "thinDays": .unsigned(thinDays),
            "thinMaximum": .unsigned(thin), "rate": 50, "days": 100,
            "rules": .array([
                rule("dataFit", [(700, 0), (900, 100), (1000, 200)], "gaps"),
                rule("feedByDevice", [(499, 0), (1000, 100)], "feed not counted"),
                rule("fryConfirmed", [(499, 0), (1000, 100)], "fry not confirmed"),
            ]),
            "exclusions": .array(exclusions.map { .array([.text($0.0), .unsigned($0.1)]) }),
        ]
    }

    func model(_ institution: String, _ card: CBOR) -> UInt64? {
        run("publishModel", [("name", "m"), ("version", 1), ("card", .bytes(card.encoded()))], as: institution)
    }

    func documents(_ order: String, amount: UInt64 = 50_000) {
        run(
            "order",
            [
                ("order", .text(order)), ("seller", "supplier"), ("amount", .unsigned(amount)), ("goods", "feed"),
                ("document", Self.hash),
            ])
        run("confirmOrder", [("order", .text(order))], as: "supplier")
        run("entrust", [("order", .text(order)), ("document", Self.hash)])
    }

    func apply(_ id: String, order: String, amount: UInt64 = 50_000, to bank: String = "bank") -> UInt64? {
        run(
            "apply",
            [
                ("id", .text(id)), ("model", .text("\(bank)/m/1")), ("order", .text(order)), ("batch", "b"),
                ("amount", .unsigned(amount)),
            ])
    }

    func loan(_ id: String) throws -> ApplicationRecord? { try runner.state.get(Fish.loans, "farmer/\(id)") }
    func cover(_ id: String) throws -> CoverRecord? { try runner.state.get(Fish.covers, "farmer/\(id)") }
}
