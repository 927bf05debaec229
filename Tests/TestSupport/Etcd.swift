import Broker
import EtcdSequencing
import Foundation

/// A real etcd in a folder of its own.
public enum Etcd {
    public static func run(
        _ places: [EtcdProcess.Place], quota: Int = EtcdConfiguration.defaultQuota,
        _ body: ([EtcdProcess]) async throws -> Void
    ) async throws {
        let folder = URL.temporaryDirectory.appending(path: "cairn-etcd-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let processes = try places.map { try EtcdProcess($0, among: places, folder: folder, quota: quota) }
        do {
            for (place, process) in zip(places, processes) {
                while !LoopbackPort.accepts(place.clientPort), process.isRunning {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            try await body(processes)
        } catch {
            for process in processes { await process.stop() }
            throw error
        }
        for process in processes { await process.stop() }
    }
}
