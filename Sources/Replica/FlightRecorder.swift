import Foundation
import Ledger
import LedgerStore

/// Remembers which statement is being executed, in a page of memory that outlives the process: one that ends in the middle leaves the
/// statement's name behind.
///
/// A trap cannot be caught in Swift, so this is how a statement that ends the process is found. Nothing waits for the disk: the page is the
/// kernel's, and is lost only with the machine, which a statement does not end.
final class FlightRecorder: @unchecked Sendable {
    private enum Offset { static let flag = 0, height = 8, statement = 16, end = 48 }

    // Written by the one thread that executes on the replica; read once, before that.
    private let page: UnsafeMutableRawPointer

    /// - Parameter path: a file beside the replica's; it is made where there is none.
    init(path: String) throws(StoreError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { if file >= 0 { close(file) } }
        // Allocated now: a page that has no place on a full disk would end the process when it is written.
        guard file >= 0, posix_fallocate(file, 0, off_t(Offset.end)) == 0,
            let page = mmap(nil, Offset.end, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), page != MAP_FAILED
        else { throw StoreError(.database, at: path, "the file cannot be mapped: \(String(cString: strerror(errno)))") }
        self.page = page
    }

    deinit { munmap(page, Offset.end) }

    /// The statement in whose execution the last process ended.
    var interrupted: (statement: Hash32, height: UInt64)? {
        guard page.load(fromByteOffset: Offset.flag, as: UInt8.self) == 1,
            let statement = Hash32(
                Bytes(UnsafeRawBufferPointer(start: page + Offset.statement, count: Offset.end - Offset.statement)))
        else { return nil }
        return (statement, page.load(fromByteOffset: Offset.height, as: UInt64.self))
    }

    func begin(_ statement: Hash32, height: UInt64) {
        end()
        page.storeBytes(of: statement, toByteOffset: Offset.statement, as: Hash32.self)
        page.storeBytes(of: height, toByteOffset: Offset.height, as: UInt64.self)
        page.storeBytes(of: 1, toByteOffset: Offset.flag, as: UInt8.self)
    }

    func end() { page.storeBytes(of: 0, toByteOffset: Offset.flag, as: UInt8.self) }
}
