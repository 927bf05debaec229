/// What a pack may cost. A device is not trusted: it must not be able to make a gateway spend memory without bound.
public struct SenMLLimits: Sendable, Hashable {
    /// Octets of the encoded pack.
    public var size: Int
    /// Records in one pack.
    public var records: Int
    /// Octets of a resolved name, base name included.
    public var name: Int
    /// Octets of one string or data value.
    public var value: Int
    /// Nesting inside fields that are skipped because they are not known.
    public var depth: Int

    /// Limits of one's own.
    public init(size: Int, records: Int, name: Int, value: Int, depth: Int) {
        self.size = size
        self.records = records
        self.name = name
        self.value = value
        self.depth = depth
    }

    /// The limits of a gateway: a batch of readings has to fit a statement of 60 KiB, so one reading is smaller.
    public static let standard = SenMLLimits(size: 32 * 1024, records: 1_024, name: 256, value: 16 * 1024, depth: 16)
}
