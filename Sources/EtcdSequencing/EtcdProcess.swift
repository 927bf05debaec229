import ChildProcesses
import Foundation
import Sequencing

/// A member of an etcd cluster as a child process on loopback.
public final class EtcdProcess: Sendable {
    /// Where and with whom it runs.
    public struct Place: Sendable, Codable {
        public let name: String
        public let clientPort: Int
        public let peerPort: Int

        public init(name: String, clientPort: Int, peerPort: Int) {
            self.name = name
            self.clientPort = clientPort
            self.peerPort = peerPort
        }

        /// As ``EtcdConfiguration/endpoints`` has it.
        public var endpoint: String { "127.0.0.1:\(clientPort)" }
        fileprivate var peerURL: String { "http://127.0.0.1:\(peerPort)" }
        fileprivate var clientURL: String { "http://127.0.0.1:\(clientPort)" }
    }

    /// Where Debian's package etcd-server puts it.
    public static let program = "/usr/bin/etcd"
    /// Revisions that etcd keeps of keys that were overwritten or deleted; the order needs none of them.
    private static let revisions = 1_000

    private let child: ChildProcess

    /// Starts a member of the cluster of `places`, with its folder under `folder`.
    ///
    /// - Parameter quota: bytes after which it takes nothing more.
    public init(
        _ place: Place, among places: [Place], folder: URL, quota: Int = EtcdConfiguration.defaultQuota
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            throw SequencingError(
                .configuration, "there is no etcd at \(Self.program); install the package 'etcd-server'")
        }
        let own = folder.appending(path: place.name)
        try FileManager.default.createDirectory(
            at: own, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        child = try ChildProcess(
            Self.program,
            [
                "--name", place.name, "--data-dir", own.appending(path: "data").path,
                "--listen-client-urls", place.clientURL, "--advertise-client-urls", place.clientURL,
                "--listen-peer-urls", place.peerURL, "--initial-advertise-peer-urls", place.peerURL,
                "--initial-cluster", places.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ","),
                "--initial-cluster-state", "new", "--auto-compaction-mode", "revision",
                "--auto-compaction-retention", "\(Self.revisions)", "--quota-backend-bytes", "\(quota)",
                "--log-level", "warn",
            ], logFile: own.appending(path: "etcd.log").path)
    }

    public var isRunning: Bool { child.isRunning }
    public func stop() async { await child.stop() }
    public func kill() { child.kill() }
}
