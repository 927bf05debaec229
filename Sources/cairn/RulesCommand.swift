import ArgumentParser
import DeviceKit
import Foundation
import Gateway

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Edge rules as data.", subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test", abstract: "Show what rules would do with readings, without sending anything.",
            discussion: """
                READINGS is a JSON list of {"device": …, "profile": …, "quantity": …, "value": …, "time": …}; time in \
                seconds since 1970. Each line of the answer is an action. Exit code 78 when the rules are not valid.
                """)

        @Argument(help: "File with the rules, JSON.")
        var rules: String

        @Option(help: "File with the readings, JSON.")
        var readings: String

        @Option(help: "table, or json for one object a line.")
        var output = Output.table

        private struct Item: Decodable {
            var device: String
            var profile: String
            var quantity: String
            var value: Double
            var time: Double
        }

        func run() async throws {
            guard let octets = FileManager.default.contents(atPath: rules) else {
                throw Failure(.notFound, "\(rules) cannot be read")
            }
            var book = RuleBook()
            do {
                book.set(try RuleSet(json: [UInt8](octets)), of: "owner")
            } catch {
                throw Failure(.configuration, "\(rules): \(error.message)")
            }
            let items: [Item]
            do {
                items = try JSONDecoder().decode(
                    [Item].self, from: Data(contentsOf: URL(filePath: readings)))
            } catch {
                throw Failure(.configuration, "\(readings) is no list of readings: \(error)")
            }
            for item in items {
                let reading = RuleReading(
                    device: item.device, profile: item.profile, owner: "owner", quantity: item.quantity,
                    value: item.value, time: item.time)
                for action in book.evaluate(reading, now: item.time) { try show(action) }
            }
        }

        private func show(_ action: RuleAction) throws {
            let what =
                switch action.action {
                case .mark(let mark): "mark \(mark.rawValue)"
                case .event(let name): "event \(name)"
                case .command(let device, let name, let payload, _):
                    "command \(device.text) \(name) \(String(decoding: payload, as: UTF8.self))"
                }
            let reading = action.reading
            switch output {
            case .table:
                Console.print(
                    "\(reading.time)\t\(reading.device)\t\(reading.quantity)=\(reading.value)\t\(action.rule)\t\(what)")
            case .json:
                let line = try JSONSerialization.data(
                    withJSONObject: [
                        "time": reading.time, "device": reading.device, "quantity": reading.quantity,
                        "value": reading.value, "rule": action.rule, "action": what, "holds": action.holds,
                    ], options: [.sortedKeys, .withoutEscapingSlashes])
                Console.print(String(decoding: line, as: UTF8.self))
            }
        }
    }
}
