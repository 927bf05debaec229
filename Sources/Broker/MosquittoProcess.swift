import ChildProcesses
import Foundation
import Synchronization

/// Eclipse Mosquitto as a child process: TLS with client certificates on loopback, access by pattern, queue on disk.
public final class MosquittoProcess: Sendable {
    /// How long a start may take.
    public static let startTimeout: Duration = .seconds(10)
    /// How long a stop may take before the process is killed; it writes its queue meanwhile.
    public static let stopTimeout: Duration = .seconds(10)

    /// What it was started with.
    public let configuration: MosquittoConfiguration
    /// The child's process id.
    public let processIdentifier: Int32
    private let process: Mutex<ProcessBox>

    /// `Process` is not Sendable; the lock around it makes it so.
    private struct ProcessBox: @unchecked Sendable {
        let process: Process
    }

    private init(_ configuration: MosquittoConfiguration, _ box: ProcessBox) {
        self.configuration = configuration
        processIdentifier = box.process.processIdentifier
        process = Mutex(box)
    }

    /// Writes the configuration, starts the broker and waits until it accepts connections.
    ///
    /// - Throws: ``BrokerError``: `missingProgram`, `portInUse`, `notStarted` with the last line of the broker's log,
    ///   `file`.
    public static func start(_ configuration: MosquittoConfiguration) async throws -> MosquittoProcess {
        guard FileManager.default.isExecutableFile(atPath: configuration.program) else {
            throw BrokerError(
                .missingProgram, "there is no broker at \(configuration.program); install the package 'mosquitto'")
        }
        await OrphanedBroker(configuration)?.stop(within: stopTimeout, freeing: configuration.port)
        guard LoopbackPort.isFree(configuration.port) else {
            throw BrokerError(
                .portInUse,
                "port \(configuration.port) on 127.0.0.1 is in use; stop what listens there or choose another")
        }
        try PrivateFile.createFolder(configuration.folder)
        try PrivateFile.write(configuration.text, to: configuration.configurationFile)
        try PrivateFile.write(configuration.accessList, to: configuration.accessFile)
        try PrivateFile.write(configuration.claimAccessList, to: configuration.claimAccessFile)
        try PrivateFile.write("", to: configuration.passwordFile)
        unlink(configuration.logFile)

        let child = Process()
        child.executableURL = URL(fileURLWithPath: configuration.program)
        child.arguments = ["-c", configuration.configurationFile]
        child.standardInput = FileHandle.nullDevice
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        do {
            try ChildProcess.runUnmasked(child)
        } catch {
            throw BrokerError(.notStarted, "cannot run \(configuration.program): \(error.localizedDescription)")
        }
        let broker = MosquittoProcess(configuration, ProcessBox(process: child))
        do {
            try PrivateFile.write("\(child.processIdentifier)\n", to: configuration.processFile)
            try await broker.waitUntilItAccepts()
        } catch {
            await broker.stop()
            throw error
        }
        return broker
    }

    /// Whether the child is alive.
    public var isRunning: Bool { process.withLock { $0.process.isRunning } }

    /// Asks the child to end, waits, and kills it if it does not.
    public func stop() async {
        guard isRunning else { return }
        kill(processIdentifier, SIGTERM)
        let deadline = ContinuousClock.now + Self.stopTimeout
        while isRunning {
            if ContinuousClock.now > deadline {
                kill(processIdentifier, SIGKILL)
                return
            }
            // Not cancelled with the caller: leaving a child behind is worse than waiting for it.
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }

    private func waitUntilItAccepts() async throws {
        let deadline = ContinuousClock.now + Self.startTimeout
        // The broker listens before it has read its keys, so that accepting alone is no sign of health.
        while !logText.contains(" running") || !LoopbackPort.accepts(configuration.port) {
            guard isRunning else { throw BrokerError(.notStarted, "the broker ended: \(lastLogLine)") }
            if ContinuousClock.now > deadline {
                throw BrokerError(
                    .notStarted, "the broker did not accept within \(Self.startTimeout): \(lastLogLine)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private var logText: String {
        String(decoding: FileManager.default.contents(atPath: configuration.logFile) ?? .init(), as: UTF8.self)
    }

    private var lastLogLine: String {
        let lines = logText.split(separator: "\n")
        return lines.last { $0.contains("Error") }.map(String.init) ?? lines.last.map(String.init)
            ?? "see \(configuration.logFile)"
    }
}
