import PortalKit
import Synchronization
import UseCaseKit

/// The consortia that run side by side in one process: each has a ledger, a broker and a portal of its own, and their
/// start pages lead to one another. Beside them, those that run elsewhere.
public final class Neighbourhood: LedgersBeside {
    struct Neighbour: Sendable {
        let platform: Platform
        let doors: @Sendable () -> StartPage.Section
    }

    private let neighbours = Mutex<[(name: String, neighbour: Neighbour)]>([])
    private let elsewhere: [String: LedgerPlace]

    /// - Parameter elsewhere: nodes of ledgers that do not run in this process, by use case.
    public init(elsewhere: [String: LedgerPlace] = [:]) {
        self.elsewhere = elsewhere
    }

    func settle(_ name: String, _ neighbour: Neighbour) {
        neighbours.withLock { $0.append((name, neighbour)) }
    }

    /// Ways in to the others, with whole addresses.
    func doors(besides name: String) -> [StartPage.Section] {
        neighbours.withLock { $0.filter { $0.name != name } }.map {
            $0.neighbour.doors().at($0.neighbour.platform.address)
        }
    }

    public func place(of useCase: String) -> LedgerPlace? {
        let here = neighbours.withLock { $0.first { $0.name == useCase }?.neighbour.platform }
        return here.map { LedgerPlace(address: $0.address, keys: $0.keys) } ?? elsewhere[useCase]
    }
}
