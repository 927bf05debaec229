import Foundation

/// A broker whose parent was killed and could not stop it. It holds the port and the queue, so it has to go before a
/// new one starts; a broker whose parent lives is left alone.
struct OrphanedBroker {
    private let processIdentifier: Int32

    /// The broker that was last started with this configuration, if it is still there and nobody's child.
    init?(_ configuration: MosquittoConfiguration) {
        guard let text = try? PrivateFile.read(configuration.processFile),
            let identifier = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            // Numbers are used again: only the command line says that it is our broker.
            let command = Self.commandLine(identifier),
            command.split(separator: "\0").contains(Substring(configuration.configurationFile)),
            let status = Self.read("/proc/\(identifier)/status"),
            status.split(separator: "\n").contains(where: {
                $0.split(whereSeparator: \.isWhitespace) == ["PPid:", "1"]
            })
        else { return nil }
        processIdentifier = identifier
    }

    /// Asks it to end, and kills it when it does not. A process that ends loses its command line before its sockets, so
    /// the port says when it is gone.
    func stop(within timeout: Duration, freeing port: Int) async {
        kill(processIdentifier, SIGTERM)
        let deadline = ContinuousClock.now + timeout
        while Self.commandLine(processIdentifier) != nil || !LoopbackPort.isFree(port) {
            if ContinuousClock.now > deadline {
                kill(processIdentifier, SIGKILL)
                return
            }
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }

    /// nil when the process has ended. One that ended and was not waited for still has a number, but no command line.
    private static func commandLine(_ identifier: Int32) -> String? {
        guard let text = read("/proc/\(identifier)/cmdline"), !text.isEmpty else { return nil }
        return text
    }

    private static func read(_ path: String) -> String? {
        // Files in /proc have no size, which `contents(atPath:)` relies on.
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        return String(decoding: file.readDataToEndOfFile(), as: UTF8.self)
    }
}
