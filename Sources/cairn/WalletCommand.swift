import ArgumentParser
import Foundation
import Ledger

struct WalletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "Money and points of a participant; its key signs on this side.",
        subcommands: [Balance.self, Statement.self, Pay.self, Mandate.self, Limit.self])

    struct Account: ParsableArguments {
        @Option(help: "Three capital letters; codes that begin with X are points and no legal tender.")
        var currency = "XPT"
    }

    struct Balance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What the account has.")
        @OptionGroup var actor: ActorOptions
        @OptionGroup var account: Account

        func run() async throws {
            let statement = try await WalletCommand.statement(actor, account.currency)
            let balance = (statement["balance"] as? [String: Any])?["minor"] as? String ?? "0"
            Console.print("\(balance) \(account.currency) (minor units)")
            if statement["isLegalTender"] as? Bool == false {
                Console.note(
                    "\(account.currency) are points of this consortium. They are not legal tender and no deposit.")
            }
        }
    }

    struct Statement: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All that moved the account's money, as CSV.")
        @OptionGroup var actor: ActorOptions
        @OptionGroup var account: Account

        func run() async throws {
            let node = try await actor.connect()
            let csv = try await node.get("/api/v1/wallet/statement?currency=\(account.currency)&format=csv")
            FileHandle.standardOutput.write(Data(csv))
        }
    }

    struct Pay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pay. A payment that bears a name is made once.")
        @OptionGroup var actor: ActorOptions
        @OptionGroup var account: Account

        @Option(help: "Participant who is paid.")
        var to: String

        @Option(help: "Minor units.")
        var amount: UInt64

        @Option(help: "Name of the payment: an invoice number, for instance.")
        var payment: String?

        func run() async throws {
            var arguments: [(String, CBOR)] = [
                ("to", .text(to)), ("amount", .unsigned(amount)), ("currency", .text(account.currency)),
            ]
            if let payment { arguments.append(("payment", .text(payment))) }
            try await actor.perform(
                Ledger.Operation("wallet", "transfer", arguments), about: to, on: try await actor.connect())
        }
    }

    struct Mandate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Permit somebody to collect, up to a cap for each payment and each period.")
        @OptionGroup var actor: ActorOptions
        @OptionGroup var account: Account

        @Option(help: "Name of the permission.")
        var id: String

        @Option(help: "Participant who may collect.")
        var payee: String

        @Option(help: "Most of one payment, minor units.")
        var perPayment: UInt64

        @Option(help: "Most of one period, minor units.")
        var perPeriod: UInt64

        @Option(help: "Days of a period.")
        var periodDays: UInt64 = 30

        @Option(help: "Days until it ends.")
        var days: UInt64 = 365

        func run() async throws {
            let day: UInt64 = 86_400_000
            let operation = Ledger.Operation(
                "wallet", "mandate",
                [
                    ("id", .text(id)), ("payee", .text(payee)), ("currency", .text(account.currency)),
                    ("perPayment", .unsigned(perPayment)), ("perPeriod", .unsigned(perPeriod)),
                    ("period", .unsigned(periodDays * day)),
                    ("until", .unsigned(UInt64(Date().timeIntervalSince1970 * 1000) + days * day)),
                ])
            try await actor.perform(operation, about: payee, on: try await actor.connect())
        }
    }

    struct Limit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Limit what leaves in a day; without a figure, no limit.")
        @OptionGroup var actor: ActorOptions
        @OptionGroup var account: Account

        @Argument(help: "Minor units.")
        var perDay: UInt64?

        func run() async throws {
            let operation = Ledger.Operation(
                "wallet", "limit",
                [("currency", .text(account.currency)), ("perDay", perDay.map { .unsigned($0) } ?? .null)])
            try await actor.perform(operation, about: actor.actor, on: try await actor.connect())
        }
    }

    private static func statement(_ actor: ActorOptions, _ currency: String) async throws -> [String: Any] {
        try await actor.connect().json("/api/v1/wallet/statement?currency=\(currency)")
    }
}
