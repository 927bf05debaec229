import Foundation
import Synchronization

/// TCP ports on 127.0.0.1.
public enum LoopbackPort {
    /// Ports below those that the system gives to outgoing connections, which come and go at any moment.
    private static let range = 20_000..<32_000
    private static let attempts = 200
    /// What this process was given already: it may not listen there yet.
    private static let given = Mutex<Set<Int>>([])

    /// A port that nothing listens on at this moment; another process may take it before you do.
    ///
    /// - Throws: ``BrokerError`` with `portInUse` when none was found.
    public static func free() throws(BrokerError) -> Int {
        for _ in 0..<attempts {
            let port = Int.random(in: range)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if isFree(port) { return port }
        }
        throw BrokerError(.portInUse, "no free TCP port was found on 127.0.0.1; stop what listens there")
    }

    /// Whether a listener could be started on the port now.
    public static func isFree(_ port: Int) -> Bool { bound(to: port) != nil }

    /// Whether something accepts connections on the port.
    public static func accepts(_ port: Int) -> Bool {
        let descriptor = makeSocket()
        defer { close(descriptor) }
        return withAddress(port) { connect(descriptor, $0, $1) } == 0
    }

    /// Binds and lets go again; the port that was bound.
    private static func bound(to port: Int) -> Int? {
        let descriptor = makeSocket()
        defer { close(descriptor) }
        // Without this a port whose last connections linger in TIME_WAIT would seem to be taken.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1) == 0 else { return nil }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    private static func makeSocket() -> Int32 {
        #if canImport(Glibc)
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(clamping: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
