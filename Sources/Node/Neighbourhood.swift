import PortalKit
import Synchronization
import UseCaseKit

/// The consortia that run side by side in one process: each has a ledger, a broker and a portal of its own, and their
/// start pages lead to one another.
public final class Neighbourhood: Sendable {
    struct Neighbour: Sendable {
        let platform: Platform
        let doors: @Sendable () -> StartPage.Section
    }

    private let neighbours = Mutex<[(name: String, neighbour: Neighbour)]>([])

    public init() {}

    func settle(_ name: String, _ neighbour: Neighbour) {
        neighbours.withLock { $0.append((name, neighbour)) }
    }

    /// Ways in to the others, with whole addresses.
    func doors(besides name: String) -> [StartPage.Section] {
        neighbours.withLock { $0.filter { $0.name != name } }.map {
            $0.neighbour.doors().at($0.neighbour.platform.address)
        }
    }

    /// The platforms of those that run already, by name.
    func platforms(of names: [String]) -> [String: Platform] {
        let pairs = neighbours.withLock {
            $0.filter { names.contains($0.name) }.map { ($0.name, $0.neighbour.platform) }
        }
        return Dictionary(pairs) { $1 }
    }
}
