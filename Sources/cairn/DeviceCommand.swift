import ArgumentParser
import Foundation
import Ledger

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Devices of a participant.",
        subcommands: [List.self, DeviceClaimCommand.self, Command.self, Interval.self, Revoke.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Devices that the ledger knows.")
        @OptionGroup var actor: ActorOptions

        func run() async throws {
            let items = try await actor.connect().json("/api/v1/devices")["items"] as? [[String: Any]] ?? []
            for item in items {
                func text(_ name: String) -> String { item[name].map { "\($0)" } ?? "" }
                Console.print("\(text("urn"))\t\(text("profile"))\t\(text("owner"))\t\(text("gateway"))")
            }
        }
    }

    struct Command: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Command an actuator. The device carries it out once, and its answer is recorded.")
        @OptionGroup var actor: ActorOptions

        @Argument(help: "URN of the device.")
        var device: String

        @Argument(help: "Name of the action.")
        var name: String

        @Argument(help: "Arguments as JSON.")
        var payload = "{}"

        @Option(help: "Seconds until the command is void.")
        var timeout: UInt64 = 30

        func run() async throws {
            let id = "cli-\(UInt64(Date().timeIntervalSince1970 * 1000))"
            let operation = Ledger.Operation(
                "devices", "command",
                [
                    ("id", .text(id)), ("device", .text(device)), ("name", .text(name)),
                    ("arguments", .bytes(Bytes(payload.utf8))), ("timeout", .unsigned(timeout)),
                ])
            try await actor.perform(operation, about: device, on: try await actor.connect())
            Console.print(id)
        }
    }

    struct Interval: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Set how often a device reports on a channel.")
        @OptionGroup var actor: ActorOptions

        @Argument(help: "URN of the device.")
        var device: String

        @Argument(help: "Channel.")
        var channel: String

        @Argument(help: "Seconds.")
        var seconds: UInt64

        func run() async throws {
            let operation = Ledger.Operation(
                "devices", "setInterval",
                [("device", .text(device)), ("channel", .text(channel)), ("seconds", .unsigned(seconds))])
            try await actor.perform(operation, about: device, on: try await actor.connect())
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a device: its live connection ends within two seconds, its history stays.")
        @OptionGroup var actor: ActorOptions

        @Argument(help: "URN of the device.")
        var device: String

        func run() async throws {
            let operation = Ledger.Operation("membership", "revokeDevice", [("urn", .text(device))])
            try await actor.perform(operation, about: device, on: try await actor.connect())
        }
    }
}
