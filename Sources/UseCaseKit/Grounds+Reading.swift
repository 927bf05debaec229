import PortalKit
import ProjectionKit

extension Grounds {
    /// A single value of a device, and records about what it was measured for.
    public init(_ reading: IndexedReading, about names: [String] = []) {
        self.init(about: names, devices: [reading.device], from: reading.time, to: reading.time + 1)
    }
}
