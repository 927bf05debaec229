import Foundation
import NodeClient
import Synchronization

/// Whether the ledger between microgrids answers, and since when it does not: for the people who run a microgrid.
final class BorderWatch: Sendable {
    enum Line: Sendable, Hashable {
        /// No ledger between microgrids is known: this one trades by itself.
        case none
        /// Last heard of then, ms since 1970.
        case up(heard: UInt64)
        /// Silent since then, and what happened last.
        case down(since: UInt64, why: String)
    }

    private let state = Mutex(Line.none)

    var line: Line { state.withLock { $0 } }

    private static var now: UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }

    /// Asks across the line, and notes whether there was an answer; a refusal is one.
    func asking<R>(_ ask: () async throws -> R) async throws -> R {
        do {
            let answer = try await ask()
            heard()
            return answer
        } catch let error as ConnectionError where error.status != nil {
            heard()
            throw error
        } catch {
            missed("\(error)")
            throw error
        }
    }

    /// What there has to be before anything is asked.
    func requiring<R>(_ needed: @autoclosure () throws -> R?, _ why: () -> String) throws -> R {
        do {
            guard let found = try needed() else { throw ConnectionError(why()) }
            return found
        } catch {
            missed("\(error)")
            throw error
        }
    }

    private func heard() { state.withLock { $0 = .up(heard: Self.now) } }

    private func missed(_ why: String) {
        state.withLock { line in
            switch line {
            case .none: line = .down(since: Self.now, why: why)
            // Whoever did not answer now may have been away since the last answer.
            case .up(let heard): line = .down(since: heard, why: why)
            case .down(let since, _): line = .down(since: since, why: why)
            }
        }
    }
}
