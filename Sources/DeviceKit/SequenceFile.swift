import Foundation
import Synchronization

/// A device's sequence number on disk: it grows strictly, over restarts and power cuts too, because a number is durable
/// before it is used. A device that counted from the start again would have all its readings refused as replays.
public final class SequenceFile: Sendable {
    /// The number is written with leading zeros, so that the file never changes its length.
    private static let digits = 20

    private let path: String
    private let descriptor: Int32
    private let last: Mutex<UInt64>

    /// Opens the file, or makes it with the number 0. It stays locked against other processes.
    ///
    /// - Throws: ``DeviceError`` with `sequence` when it is damaged or in use: the device must not guess a number.
    public init(path: String) throws(DeviceError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DeviceError(.sequence, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw DeviceError(.sequence, "\(path) is used by another process; a device runs once")
        }
        var octets = [UInt8](repeating: 0, count: Self.digits + 1)
        let count = pread(descriptor, &octets, octets.count, 0)
        let text = String(decoding: octets.prefix(max(0, count)), as: UTF8.self)
        guard count == 0 || (count == Self.digits && UInt64(text) != nil) else {
            close(descriptor)
            throw DeviceError(
                .sequence, "\(path) is damaged; write into it a number above all that were sent, 20 digits")
        }
        self.path = path
        self.descriptor = descriptor
        last = Mutex(UInt64(text) ?? 0)
    }

    deinit {
        // Not left to `close`: a child that is being started at this moment has the descriptor until it executes.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// The last number given out.
    public var current: UInt64 { last.withLock { $0 } }

    /// The next number, durable.
    ///
    /// - Throws: ``DeviceError`` with `sequence` when it cannot be written.
    public func next() throws(DeviceError) -> UInt64 {
        try last.withLock { last throws(DeviceError) in
            let number = last + 1
            let text = String(number)
            let line = Array((String(repeating: "0", count: Self.digits - text.count) + text).utf8)
            guard pwrite(descriptor, line, line.count, 0) == line.count, fsync(descriptor) == 0 else {
                throw DeviceError(.sequence, "cannot write \(path): \(String(cString: strerror(errno)))")
            }
            last = number
            return number
        }
    }
}
