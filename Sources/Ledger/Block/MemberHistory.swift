/// Who signs at each height: the members that genesis names, and those after each change that a header announced.
///
/// A block of height h is signed by ``members(at:)`` h; its header names those of h + 1. So whoever holds genesis and the headers that
/// announced a change, each signed by a quorum of the members before it, knows the members of every height without asking anybody.
public struct MemberHistory: Sendable, Hashable {
    /// Most changes that a verifier follows.
    public static let maximumChanges = 10_000

    /// Members from a height on.
    public struct Period: Sendable, Hashable {
        /// The first height that they sign.
        public let from: UInt64
        /// Leaves of the log with the SEAL leaf of the block that announced them; a checkpoint of this size or more is theirs.
        public let logSize: UInt64
        public let members: MemberSet
    }

    /// A change as an outsider verifies it.
    public struct Announcement: Sendable, Hashable {
        public let header: Bytes
        public let certificate: Bytes
        /// The members from the next height on.
        public let members: MemberSet

        public init(header: Bytes, certificate: Bytes, members: MemberSet) {
            self.header = header
            self.certificate = certificate
            self.members = members
        }

        public var cbor: CBOR { .array([.bytes(header), .bytes(certificate), members.cbor]) }

        public init(cbor: CBOR) throws(LedgerError) {
            guard let parts = cbor.array, parts.count == 3, let header = parts[0].bytes, let votes = parts[1].bytes
            else { throw LedgerError(.block, "a change of members is [header, certificate, member set]") }
            self.init(header: header, certificate: votes, members: try MemberSet(cbor: parts[2]))
        }
    }

    /// Changes as they stand in a bundle, in a replica, and in what a node lists.
    public static func cbor(_ changes: [Announcement]) -> CBOR { .array(changes.map(\.cbor)) }

    public static func announcements(_ cbor: CBOR) throws(LedgerError) -> [Announcement] {
        guard let items = cbor.array else {
            throw LedgerError(.block, "changes of members are a list of [header, certificate, member set]")
        }
        var changes: [Announcement] = []
        for item in items { changes.append(try Announcement(cbor: item)) }
        return changes
    }

    /// In order of height; the first is that of genesis.
    public private(set) var periods: [Period]

    public init(_ first: MemberSet) { periods = [Period(from: 0, logSize: 0, members: first)] }

    /// Follows announced changes from genesis on.
    ///
    /// - Throws: ``LedgerError`` at the first one that no quorum of the members before it signed, or that does not fit its header.
    public init(_ genesis: Genesis, announced: [Announcement]) throws(LedgerError) {
        self.init(genesis.members)
        guard announced.count <= Self.maximumChanges else {
            throw LedgerError(.block, "more than \(Self.maximumChanges) changes of members")
        }
        for change in announced {
            let header = try BlockHeader(decoding: change.header)
            let certificate = try FinalityCertificate(decoding: change.certificate)
            let before = current
            let votes = certificate.validVotes(over: change.header, in: before)
            // Nothing is added to a number of a header that comes from outside before it is known not to be the last one.
            guard header.ledger == genesis.id, header.height < .max, header.logSize < .max,
                header.height >= periods.last?.from ?? 0, header.nextMembers == change.members.hash,
                change.members != before,
                votes >= before.quorum, votes == certificate.votes.count
            else {
                throw LedgerError(
                    .block,
                    "block \(header.height) announces other members, and is not signed by a quorum of those before")
            }
            append(change.members, announcedBy: header)
        }
    }

    /// Takes up the members that a header announced; the caller vouches for it.
    public mutating func append(_ members: MemberSet, announcedBy header: BlockHeader) {
        periods.append(Period(from: header.height + 1, logSize: header.logSize + 1, members: members))
    }

    /// The latest members.
    public var current: MemberSet { periods[periods.count - 1].members }

    /// Who signs the block of a height. Above the last known height these are the latest members.
    public func members(at height: UInt64) -> MemberSet { (periods.last { $0.from <= height } ?? periods[0]).members }

    /// Whom the header of a height names as signers of the next one; of any height, also of the last that there is.
    public func members(after height: UInt64) -> MemberSet {
        height == .max ? current : members(at: height + 1)
    }

    /// Whose signatures a checkpoint of a size carries: the members that the header of its last block names.
    public func members(atLogSize size: UInt64) -> MemberSet {
        (periods.last { $0.logSize <= size } ?? periods[0]).members
    }
}
