import Foundation

/// Interrupts a `poll` from another thread.
final class WakePipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(MQTTError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw MQTTError(.configuration, "no pipe for the network thread: \(String(cString: strerror(errno)))")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// A full pipe is as good as one more octet in it.
    func signal() {
        var octet: UInt8 = 1
        _ = write(writeEnd, &octet, 1)
    }

    func drain() {
        var octets = [UInt8](repeating: 0, count: 256)
        while read(readEnd, &octets, octets.count) > 0 {}
    }
}
