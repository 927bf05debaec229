import Foundation

/// Files that only their owner may read.
enum PrivateFile {
    /// Owner may read and write, nobody else anything.
    private static let mode: mode_t = 0o600

    /// Writes a file under its final name in one step, so that a reader never sees half of a key.
    static func write(_ text: String, to path: String) throws(BrokerError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw fault("cannot create", temporary) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw fault("cannot write", temporary) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw fault("cannot write", path) }
    }

    static func read(_ path: String) throws(BrokerError) -> String {
        guard let content = FileManager.default.contents(atPath: path),
            let text = String(bytes: content, encoding: .utf8)
        else { throw fault("cannot read", path) }
        return text
    }

    static func createFolder(_ path: String) throws(BrokerError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BrokerError(.file, "cannot create the folder \(path): \(error.localizedDescription)")
        }
    }

    private static func fault(_ what: String, _ path: String) -> BrokerError {
        BrokerError(.file, "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
