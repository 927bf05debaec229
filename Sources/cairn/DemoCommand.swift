import ArgumentParser
import Dispatch
import Foundation
import Node
import PortalKit
import UseCaseKit

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "A consortium of four members with broker, gateway, devices and portal.")

    @OptionGroup var options: ConsortiumOptions

    @Option(help: "A use case to show, with a consortium of its own; all of them without this.")
    var useCase: String?

    @Flag(help: "End after the scenarios instead of staying up.")
    var once = false

    @Flag(help: "Only the members and the portal: no broker, gateway, scenario or devices.")
    var bare = false

    @Flag(help: "With --bare, without the consortia that the use case needs beside it: they run elsewhere.")
    var alone = false

    func validate() throws {
        guard !alone || bare else { throw ValidationError("a scenario needs what --alone leaves out; add --bare") }
    }

    func run() async throws {
        let chosen = try useCase.map { [try ConsortiumOptions.useCase($0)] } ?? useCases
        var configurations = try options.configurations(
            chosen, field: !bare, inOwnFolders: useCase == nil, alone: alone)
        let known = Set(
            configurations.filter {
                FileManager.default.fileExists(atPath: $0.folder.appending(path: "genesis.cbor").path)
            }.map(\.useCase.name))
        for index in configurations.indices { configurations[index].hasOpenDoors = !bare }
        Console.note("Starting \(configurations.count) consortia of members, broker, gateway and portal …")
        try await EmbeddedConsortium.run(configurations) { running in
            for consortium in running { Console.note("\(consortium.useCase.name): \(consortium.address)") }
            if bare { return await stayUp(running) }
            let printer = StepPrinter()
            for useCase in chosen where once || !known.contains(useCase.name) {
                Console.note("Running \(useCase.name), the steps of ISO/IEC TR 30176:2021, \(useCase.table):")
                try await useCase.scenario(on: try await running.stage(of: useCase) { printer.show($0) })
                try printer.requireAllVerified()
            }
            for consortium in running { try show(consortium) }
            let portal = running.first { $0.useCase.name == chosen[0].name }?.address ?? ""
            Console.print("\nEverything is up: \(portal)/")
            if once { return }
            try await stayUp(chosen, running)
        }
    }

    private func show(_ running: EmbeddedConsortium.Running) throws {
        let useCase = running.useCase
        let examples = try useCase.examples(on: running.platform)
        Console.print("\n\(useCase.name)")
        Console.row("Portal", running.address + "/")
        Console.row("Health and metrics", running.operationsAddress + "/metrics")
        for (group, addresses) in examples.sorted(by: { $0.key < $1.key }) {
            for (name, address) in addresses.sorted(by: { $0.key < $1.key }) {
                Console.row("\(group) · \(name)", address)
            }
        }
        Console.print("\nSign in as")
        for person in running.signIn
        where useCase.home(for: person.roles) != nil || !Set(["partner", "registrar"]).isDisjoint(with: person.roles) {
            Console.row(person.name, running.address + person.link)
        }
        if let box = examples["boxes"]?["active"] {
            Console.print("\nScan the code of a box, or open \(box)\n")
            Console.print(try QRCode(box).terminalText)
        }
    }

    private func stayUp(_ running: [EmbeddedConsortium.Running]) async {
        for consortium in running { Console.print("Portal                 \(consortium.address)/") }
        await Interruption.wait()
    }

    private func stayUp(_ chosen: [any UseCase], _ running: [EmbeddedConsortium.Running]) async throws {
        Console.note("Devices go on reporting. Stop with Ctrl-C.")
        var tasks: [Task<Void, any Error>] = []
        for useCase in chosen {
            let stage = try await running.stage(of: useCase) { _ in }
            tasks.append(Task { try await DemoThings(stage, cast: useCase.cast).run() })
            tasks.append(Task { try await useCase.simulate(on: stage) })
        }
        await Interruption.wait()
        Console.note("Stopping …")
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
    }
}

/// Ctrl-C or a polite request to stop.
enum Interruption {
    static func wait() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGINT, SIGTERM].map { number -> any DispatchSourceSignal in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }
}
