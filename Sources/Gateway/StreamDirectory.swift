import Logging
import Synchronization

/// Keeps what the ledger says about streams fresh, and remembers it on disk, so that a gateway starts without its node.
final class StreamDirectory: Sendable {
    private static let setting = "streams"

    private struct State {
        var terms: StreamTerms?
        var document: [UInt8] = []
    }

    private let node: GatewayUplink
    private let store: GatewayStore
    private let logger: Logger
    private let state: Mutex<State>

    init(node: GatewayUplink, store: GatewayStore, logger: Logger) throws {
        self.node = node
        self.store = store
        self.logger = logger
        var state = State()
        if let kept = try store.settingAtStart(Self.setting), let terms = try? StreamTerms(json: kept) {
            state = State(terms: terms, document: kept)
        }
        self.state = Mutex(state)
    }

    /// The terms as last read.
    var current: StreamTerms { state.withLock { $0.terms ?? .none } }

    /// Whether the terms were ever read.
    var isLoaded: Bool { state.withLock { $0.terms != nil } }

    /// Reads the terms now. A failure leaves the last ones in force.
    func refresh() async {
        do {
            let document = try await node.streams()
            guard state.withLock({ $0.terms == nil || $0.document != document }) else { return }
            let terms = try StreamTerms(json: document)
            try await store.setSetting(Self.setting, document)
            state.withLock { $0 = State(terms: terms, document: document) }
        } catch {
            logger.debug("what the ledger says about streams could not be read: \(error)")
        }
    }
}
