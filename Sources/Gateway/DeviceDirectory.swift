import Foundation
import Logging
import Synchronization

/// Keeps the list of devices fresh, and remembers it on disk, so that a gateway starts without its node.
final class DeviceDirectory: Sendable {
    /// Shortest time between two readings of the list that unknown keys ask for: a stranger who sends many keys must
    /// not make the gateway flood its node.
    static let refreshPause: Duration = .seconds(1)

    /// How long a device whose key was asked for in vain is not asked for again.
    static let strangerPause: Duration = .seconds(60)

    private struct State {
        var register: DeviceRegister?
        var document: [UInt8] = []
        var revision = 0
        var lastAsked: ContinuousClock.Instant?
        /// When the list was last read for the sake of each device.
        var askedFor: [String: ContinuousClock.Instant] = [:]
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
        if let kept = try store.settingAtStart("devices"), let register = try? DeviceRegister(json: kept) {
            state.register = register
            state.document = kept
        }
        self.state = Mutex(state)
    }

    /// The devices as last read, and a number that grows with each new list.
    var current: (register: DeviceRegister, revision: Int) { state.withLock { ($0.register ?? .empty, $0.revision) } }

    /// Whether a list was ever read. Without one every device would be unknown, so no message is taken.
    var isLoaded: Bool { state.withLock { $0.register != nil } }

    /// Reads the list now; returns whether it changed. A failure leaves the last list in force.
    @discardableResult
    func refresh() async -> Bool {
        do {
            let document = try await node.devices()
            let isNew = state.withLock { state in
                state.lastAsked = .now
                return state.register == nil || state.document != document
            }
            guard isNew else { return false }
            let register = try DeviceRegister(json: document)
            try await store.setSetting("devices", document)
            state.withLock { state in
                state.register = register
                state.document = document
                state.revision += 1
            }
            logger.info("read \(register.devices.count) devices from the node")
            return true
        } catch {
            logger.debug("the list of devices could not be read: \(error)")
            return false
        }
    }

    /// Reads the list because it lacks the keys of these devices: one that was enrolled a moment ago is found. The
    /// answer holds up all messages for a second at most, so each device gets one in a while; the broker's access list
    /// sees to it that nobody speaks under many names.
    func refresh(forKeysOf devices: Set<String>) async {
        let pause: Duration? = state.withLock { state in
            let now = ContinuousClock.now
            state.askedFor = state.askedFor.filter { now - $0.value < Self.strangerPause }
            let isNew = devices.contains { state.askedFor[$0] == nil }
            guard isNew else { return nil }
            for device in devices { state.askedFor[device] = now }
            return max(.zero, Self.refreshPause - (state.lastAsked.map { now - $0 } ?? Self.refreshPause))
        }
        guard let pause else { return }
        try? await Task.sleep(for: pause)
        await refresh()
    }
}
