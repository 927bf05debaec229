/// Reads of one tag reader, merged: a tag that is read again within the window is the same pass. Pure.
///
/// A reader reports a tag as often as it hears it, and a pallet in a gate is heard from many sides. A pass is told once the reader was
/// quiet for ``quiet``, or when it is full, so that a pallet is one record with an entry for each box.
public struct TagWatch: Sendable {
    /// A tag that was last read so long ago passes anew, seconds of the device's clock.
    public static let window = 10.0
    /// So long without a read that counts ends a pass, seconds of the gateway's clock.
    public static let quiet = 1.0
    /// Boxes of one pass; the contract takes no more.
    public static let maximum = 500
    /// Tags that are remembered beyond their pass.
    static let maximumKnown = 10_000

    /// Boxes that passed together.
    public struct Pass: Sendable, Hashable {
        /// Each with the time of its first read, seconds since 1970, in that order.
        public var boxes: [(code: String, time: Double)]
        /// Reads that were merged into them.
        public var reads: Int

        public static func == (left: Pass, right: Pass) -> Bool {
            left.reads == right.reads && left.boxes.map(\.code) == right.boxes.map(\.code)
                && left.boxes.map(\.time) == right.boxes.map(\.time)
        }

        public func hash(into hasher: inout Hasher) { hasher.combine(boxes.map(\.code)) }
    }

    private(set) var lastRead: [String: Double] = [:]
    private var open = Pass(boxes: [], reads: 0)
    private var heardAt = 0.0

    public init() {}

    /// A read, by the device's clock.
    ///
    /// - Parameter now: the gateway's clock, seconds since 1970.
    /// - Returns: a pass that this read filled.
    public mutating func read(_ code: String, at time: Double, now: Double) -> Pass? {
        let last = lastRead[code]
        lastRead[code] = max(time, last ?? time)
        if lastRead.count > Self.maximumKnown { forget() }
        heardAt = now
        open.reads += 1
        if let last, time - last < Self.window { return nil }
        open.boxes.append((code, time))
        return open.boxes.count == Self.maximum ? close() : nil
    }

    /// The pass that ended before this moment of the gateway's clock.
    public mutating func ended(by now: Double) -> Pass? {
        guard open.reads > 0, now - heardAt >= Self.quiet else { return nil }
        return close()
    }

    /// Lets go of tags that would pass anew; where too many are left, of all, so that a reader cannot fill the memory.
    private mutating func forget() {
        let horizon = (lastRead.values.max() ?? 0) - Self.window
        lastRead = lastRead.filter { $0.value >= horizon }
        if lastRead.count > Self.maximumKnown { lastRead = [:] }
    }

    /// nil where nothing but tags that passed before was read.
    private mutating func close() -> Pass? {
        var pass = open
        open = Pass(boxes: [], reads: 0)
        pass.boxes.sort { ($0.time, $0.code) < ($1.time, $1.code) }
        return pass.boxes.isEmpty ? nil : pass
    }
}
