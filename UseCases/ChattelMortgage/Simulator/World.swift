import Foundation
import Synchronization

/// The one physical world that all simulated sensors look at: what lies in which bay, and where the truck is.
///
/// Nothing in it knows of receipts or of the ledger: goods are moved here, and what follows is up to the sensors.
public final class World: Sendable {
    /// Where a truck is and how it goes.
    public struct Motion: Sendable, Hashable, Codable {
        /// Degrees, WGS 84.
        public var latitude = 53.5461
        public var longitude = 9.9937
        /// m/s.
        public var speed = 0.0
        /// Largest acceleration of the load since the last reading, m/s².
        public var shock = 0.4
        /// Degrees off the vertical.
        public var tilt = 0.5
        public var isDoorOpen = false
        /// Share of the battery that is left, %.
        public var battery = 96.0

        public init() {}
    }

    private struct Content: Codable {
        var bays: [String: Stack] = [:]
        var trucks: [String: Motion] = [:]
        var silent: Set<String> = []
    }

    private let content: Mutex<Content>
    private let file: URL?

    /// - Parameter file: keeps the world between two programs; nil for a world that is forgotten.
    public init(file: URL? = nil) {
        self.file = file
        let kept = file.flatMap { try? Data(contentsOf: $0) }.flatMap {
            try? JSONDecoder().decode(Content.self, from: $0)
        }
        content = Mutex(kept ?? Content())
    }

    private func change(_ body: (inout Content) -> Void) {
        let after = content.withLock { content in
            body(&content)
            return content
        }
        guard let file, let octets = try? JSONEncoder().encode(after) else { return }
        try? octets.write(to: file, options: .atomic)
    }

    /// All bays that ever had goods or sensors, as `<site>.<bay>`.
    public var bays: [String] { content.withLock { $0.bays.keys.sorted() } }

    public func stack(in bay: String) -> Stack { content.withLock { $0.bays[bay] ?? Stack() } }

    public func put(_ bundles: [Bundle], in bay: String) {
        change { $0.bays[bay, default: Stack()].bundles += bundles }
    }

    /// Takes bundles from the end of a stack.
    @discardableResult
    public func take(_ count: Int, from bay: String) -> [Bundle] {
        var taken: [Bundle] = []
        change { content in
            var stack = content.bays[bay] ?? Stack()
            taken = Array(stack.bundles.suffix(count))
            stack.bundles.removeLast(taken.count)
            content.bays[bay] = stack
        }
        return taken
    }

    public func motion(of truck: String) -> Motion { content.withLock { $0.trucks[truck] ?? Motion() } }

    public func move(_ truck: String, _ body: (inout Motion) -> Void) {
        change { body(&$0.trucks[truck, default: Motion()]) }
    }

    /// Pulls a sensor's plug, or puts it in again.
    public func setSilent(_ device: String, _ isSilent: Bool) {
        change { content in
            if isSilent { content.silent.insert(device) } else { content.silent.remove(device) }
        }
    }

    public func isSilent(_ device: String) -> Bool { content.withLock { $0.silent.contains(device) } }
}
