import ChattelMortgageContract
import ContractKit
import Ledger
import TestSupport
import Testing

/// The chattel contract on state in memory, with two banks, two enterprises, two monitoring organisations and a gateway.
final class ChattelBench {
    static let tonne: UInt64 = 1_000_000
    static let device = "urn:dev:ops:32473-scale-NORTH.A1"

    private let runner = ContractRunner(ChattelContract())
    private var roles: [String: [String]] = [:]
    var time: UInt64 {
        get { runner.time }
        set { runner.time = newValue }
    }
    var height: UInt64 {
        get { runner.height }
        set { runner.height = newValue }
    }
    var events: [TransactionResult.Event] { runner.events }
    var state: any StateReader { runner.state }

    init() {
        for (id, role) in [
            ("owner", "enterprise"), ("rival", "enterprise"), ("bank", "bank"), ("bank2", "bank"),
            ("monitor", "monitor"),
            ("monitor2", "monitor"), ("surveyor", "inspector"), ("exchange", "price-source"), ("gateway", "gateway"),
        ] {
            roles[id] = [role]
            runner.enrol(id, roles: [role])
        }
        for urn in [Self.device, "urn:dev:ops:32473-scale-SOUTH.B1"] {
            runner.set(
                MembershipContract.devices.key(urn),
                [
                    "owner": "monitor", "profile": "goods-scale", "gateway": "gateway", "attestedBy": "chamber",
                    "generation": 1, "kid": .hash(.zero), "thing": .null, "revokedAt": .null,
                ])
        }
        for bank in ["bank", "bank2", "owner", "rival"] {
            runner.set(WalletContract.accounts.key("EUR/\(bank)"), 1_000_000_000)
        }
    }

    /// nil when accepted, else the error number.
    @discardableResult
    func run(
        _ name: String, _ arguments: [(String, Value)], as who: String, signer: String? = nil, roles: [String]? = nil
    ) -> UInt64? {
        runner.run(
            name, arguments,
            as: .init(id: who, signer: signer, member: "m", roles: roles ?? self.roles[who] ?? []))
    }

    func advance(to time: UInt64) throws { try runner.advance(to: time) }

    func violations() throws -> [String] { try runner.violations() }

    func receipt(_ number: String) throws -> WarehouseReceipt {
        try #require(try state.get(ChattelContract.receipts, number))
    }

    func lot(_ name: String) throws -> Lot { try #require(try state.get(ChattelContract.lots, name)) }

    func loan(_ id: String) throws -> Loan { try #require(try state.get(ChattelContract.loans, id)) }

    func count(of event: String) -> Int { events.count { $0.name == event } }

    func balance(_ who: String) throws -> UInt64 {
        try state.get(WalletContract.accounts, "EUR/\(who)")?.balance ?? 0
    }

    func setBalance(_ amount: UInt64, of who: String) {
        runner.set(WalletContract.accounts.key("EUR/\(who)"), .unsigned(amount))
    }

    // MARK: Shorthand

    func prepare(price: UInt64 = 840_000) {
        for (site, kind) in [("NORTH", "hall"), ("TRUCK", "truck")] { register(site, kind, by: "monitor") }
        register("SOUTH", "hall", by: "monitor2")
        setPrice(price)
        for bank in ["bank", "bank2"] {
            run(
                "setPolicy",
                [
                    ("haircut", 200), ("ratio", 700), ("marginRatio", 700), ("cure", 3_600_000),
                    ("concentration", 500_000_000), ("kinds", ["copper"]),
                ], as: bank)
        }
    }

    func register(_ site: String, _ kind: String, by monitor: String) {
        run(
            "registerSite",
            [
                ("site", .text(site)), ("gateway", "gateway"), ("name", .text(site)), ("place", "Port"),
                ("licence", "L-1"), ("kind", .text(kind)),
            ], as: monitor)
    }

    @discardableResult
    func setPrice(_ price: UInt64) -> UInt64? {
        run(
            "price",
            [
                ("kind", "copper"), ("perTonne", .unsigned(price)), ("currency", "EUR"), ("source", "Exchange"),
                ("at", .unsigned(time)),
            ], as: "exchange")
    }

    /// Copper as it is stacked: 2.5 t in 1 m × 1 m × 0.31 m.
    @discardableResult
    func sense(
        _ grams: UInt64, count: UInt64, site: String = "NORTH", bay: String = "A1", length: UInt64? = nil,
        tags: [String] = [], device: String = device, as gateway: String = "gateway"
    ) -> UInt64? {
        run(
            "sensed",
            [
                ("site", .text(site)), ("bay", .text(bay)), ("grams", .unsigned(grams)), ("count", .unsigned(count)),
                ("length", .unsigned(length ?? count * 125)), ("width", 4000), ("height", 620),
                ("tags", .array(tags.map { .text($0) })), ("devices", [.text(device)]), ("raw", .hash(.zero)),
                ("at", .unsigned(time)),
            ], as: gateway)
    }

    @discardableResult
    func declare(
        _ lot: String, tonnes: UInt64 = 100, count: UInt64 = 40, bay: String = "A1", tags: [String]? = nil,
        isSealed: Bool = false, as owner: String = "owner"
    ) -> UInt64? {
        run(
            "declare",
            [
                ("lot", .text(lot)), ("site", "NORTH"), ("bay", .text(bay)), ("kind", "copper"), ("class", "A"),
                ("specification", "Cathodes"), ("grams", .unsigned(tonnes * Self.tonne)), ("count", .unsigned(count)),
                ("densityLeast", 6500), ("densityMost", 8960),
                ("tags", .array((tags ?? ["\(lot)-1"]).map { .text($0) })), ("sealed", .bool(isSealed)),
            ], as: owner)
    }

    @discardableResult
    func issue(_ number: String, _ lot: String, as monitor: String = "monitor") -> UInt64? {
        run(
            "issueReceipt",
            [
                ("number", .text(number)), ("lot", .text(lot)), ("deliveryTerm", "To order"), ("negotiable", true),
                ("charges", .null), ("insurance", .null),
            ], as: monitor)
    }

    /// Goods of 100 t in bay A1 with receipt NORTH-1.
    func store() {
        prepare()
        sense(100 * Self.tonne, count: 40)
        declare("LOT")
        issue("NORTH-1", "LOT")
    }

    @discardableResult
    func draft(
        _ id: String, bank: String = "bank", receipts: [String] = ["NORTH-1"], amount: UInt64 = 35_000_000,
        as owner: String = "owner", signer: String? = nil
    ) -> UInt64? {
        run(
            "draft",
            [
                ("application", .text(id)), ("bank", .text(bank)),
                ("receipts", .array(receipts.map { .text($0) })), ("amount", .unsigned(amount)), ("currency", "EUR"),
                ("days", 90), ("purpose", "Work"), ("orders", ["PO-1"]), ("ordersValue", 91_000_000),
                ("documents", .hash(.zero)),
            ], as: owner, signer: signer)
    }

    /// Everything up to the bank's decision.
    func bringToDecision(
        _ id: String, bank: String = "bank", receipts: [String] = ["NORTH-1"], amount: UInt64 = 35_000_000
    ) {
        let application = ("application", Value.text(id))
        let until = ("until", Value.unsigned(time + 1_000_000_000))
        draft(id, bank: bank, receipts: receipts, amount: amount)
        run("submit", [application], as: "owner")
        run("consent", [application, until], as: "owner")
        run("authorise", [application, ("monitor", "monitor"), until], as: bank)
        run("report", [application], as: "monitor")
    }

    @discardableResult
    func decide(_ id: String, amount: UInt64 = 35_000_000, approved: Bool = true, as bank: String = "bank") -> UInt64? {
        run(
            "decide",
            [
                ("application", .text(id)), ("approved", .bool(approved)), ("reason", "So"),
                ("amount", .unsigned(amount)),
            ], as: bank)
    }

    /// A loan of EUR 350,000 on NORTH-1.
    func lend() {
        store()
        bringToDecision("L")
        decide("L")
    }
}
