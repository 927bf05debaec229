/// The header of a block, which is also its SEAL leaf in the log.
public struct BlockHeader: Sendable, Hashable {
    /// A member's clock at the time it brought a batch, ms since 1970.
    public struct ClockReport: Sendable, Hashable {
        public let member: String
        public let clock: UInt64

        public init(member: String, clock: UInt64) {
            self.member = member
            self.clock = clock
        }
    }

    static let version: UInt64 = 1

    public var ledger: Hash32
    public var height: UInt64
    public var epoch: UInt64
    public var previous: Hash32
    /// Log size with this block's accepted statements, before its SEAL leaf.
    public var logSize: UInt64
    public var logRoot: Hash32
    public var stateRoot: Hash32
    public var resultsRoot: Hash32
    /// Ledger time, ms since 1970.
    public var time: UInt64
    public var nextMembers: Hash32
    public var clocks: [ClockReport]

    public init(
        ledger: Hash32, height: UInt64, epoch: UInt64, previous: Hash32, logSize: UInt64, logRoot: Hash32,
        stateRoot: Hash32, resultsRoot: Hash32, time: UInt64, nextMembers: Hash32, clocks: [ClockReport]
    ) {
        self.ledger = ledger
        self.height = height
        self.epoch = epoch
        self.previous = previous
        self.logSize = logSize
        self.logRoot = logRoot
        self.stateRoot = stateRoot
        self.resultsRoot = resultsRoot
        self.time = time
        self.nextMembers = nextMembers
        self.clocks = clocks
    }

    public func encoded() -> Bytes {
        var encoder = CBOREncoder(capacity: 320)
        encoder.map(12)
        encoder.unsigned(1)
        encoder.unsigned(Self.version)
        encoder.unsigned(2)
        encoder.hash(ledger)
        encoder.unsigned(3)
        encoder.unsigned(height)
        encoder.unsigned(4)
        encoder.unsigned(epoch)
        encoder.unsigned(5)
        encoder.hash(previous)
        encoder.unsigned(6)
        encoder.unsigned(logSize)
        encoder.unsigned(7)
        encoder.hash(logRoot)
        encoder.unsigned(8)
        encoder.hash(stateRoot)
        encoder.unsigned(9)
        encoder.hash(resultsRoot)
        encoder.unsigned(10)
        encoder.unsigned(time)
        encoder.unsigned(11)
        encoder.hash(nextMembers)
        encoder.unsigned(12)
        encoder.array(clocks.count)
        for report in clocks {
            encoder.array(2)
            encoder.text(report.member)
            encoder.unsigned(report.clock)
        }
        return encoder.bytes
    }

    public init(decoding bytes: Bytes) throws(LedgerError) {
        guard let map = try CBOR.decode(bytes).map, map.count == 12, map[1] == .unsigned(Self.version),
            let ledger = map[2]?.hash32, let height = map[3]?.unsigned, let epoch = map[4]?.unsigned,
            let previous = map[5]?.hash32, let logSize = map[6]?.unsigned, let logRoot = map[7]?.hash32,
            let stateRoot = map[8]?.hash32, let resultsRoot = map[9]?.hash32, let time = map[10]?.unsigned,
            let nextMembers = map[11]?.hash32, let reports = map[12]?.array
        else { throw LedgerError(.block, "a block header has the members 1 to 12") }
        var clocks: [ClockReport] = []
        for report in reports {
            guard let pair = report.array, pair.count == 2, let member = pair[0].text, let clock = pair[1].unsigned
            else { throw LedgerError(.block, "a clock report is [member, ms]") }
            clocks.append(ClockReport(member: member, clock: clock))
        }
        self.init(
            ledger: ledger, height: height, epoch: epoch, previous: previous, logSize: logSize, logRoot: logRoot,
            stateRoot: stateRoot, resultsRoot: resultsRoot, time: time, nextMembers: nextMembers, clocks: clocks)
    }

    /// SHA-256 of the encoded header.
    public var hash: Hash32 { Hash32.sha256(encoded()) }
}
