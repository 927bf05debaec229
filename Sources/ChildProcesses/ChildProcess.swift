import Foundation
import Synchronization

/// A program that runs as a child of this one, with its output in a file.
public final class ChildProcess: Sendable {
    /// `Process` is not Sendable; the lock around it makes it so.
    private struct Box: @unchecked Sendable {
        let process: Process
    }

    public let identifier: Int32
    private let box: Mutex<Box>

    /// Starts a program; what it prints is added to the end of a file.
    public init(_ program: String, _ arguments: [String], logFile: String) throws {
        if !FileManager.default.fileExists(atPath: logFile) {
            _ = FileManager.default.createFile(atPath: logFile, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        let output = try FileHandle(forWritingTo: URL(filePath: logFile))
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try Self.runUnmasked(process)
        identifier = process.processIdentifier
        box = Mutex(Box(process: process))
    }

    /// A child inherits the signal mask of the thread that starts it, and the threads that tasks run on mask SIGTERM:
    /// such a child could only be killed, and would lose what it has not written.
    public static func runUnmasked(_ child: Process) throws {
        var none = sigset_t()
        var previous = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        try child.run()
    }

    public var isRunning: Bool { box.withLock { $0.process.isRunning } }

    /// Ends it at once, as a crash would.
    public func kill() { _ = Foundation.kill(identifier, SIGKILL) }

    /// Asks it to end, waits, and kills it if it does not.
    public func stop(within timeout: Duration = .seconds(20)) async {
        guard isRunning else { return }
        _ = Foundation.kill(identifier, SIGTERM)
        let deadline = ContinuousClock.now + timeout
        while isRunning {
            if ContinuousClock.now > deadline { return kill() }
            // Not cancelled with the caller: leaving a child behind is worse than waiting for it.
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }
}
