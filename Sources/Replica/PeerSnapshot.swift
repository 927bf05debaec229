import Ledger
import LedgerStore

/// What a member's node offers to one that does not want to execute all blocks: the state after a final block.
public struct SnapshotOffer: Sendable {
    /// Of the block whose state is offered.
    public let height: UInt64
    /// Who signs from which height on, where other members than genesis names. Headers have their hashes.
    public let memberSets: [(from: UInt64, members: MemberSet)]

    public init(height: UInt64, memberSets: [(from: UInt64, members: MemberSet)]) {
        self.height = height
        self.memberSets = memberSets
    }

    public var cbor: CBOR {
        .array([.unsigned(height), .array(memberSets.map { .array([.unsigned($0.from), $0.members.cbor]) })])
    }

    public init(cbor: CBOR) throws(LedgerError) {
        let malformed = LedgerError(.block, "an offer of a snapshot is [height, [[height, member set]]]")
        guard let parts = cbor.array, parts.count == 2, let height = parts[0].unsigned, let list = parts[1].array else {
            throw malformed
        }
        var sets: [(from: UInt64, members: MemberSet)] = []
        for item in list {
            guard let pair = item.array, pair.count == 2, let from = pair[0].unsigned else { throw malformed }
            sets.append((from, try MemberSet(cbor: pair[1])))
        }
        self.init(height: height, memberSets: sets)
    }
}

/// A final block without its statements, as members' nodes send it to one another.
public struct BareBlock: Sendable {
    /// ``StoredBlock/bareCBOR``.
    public let block: CBOR
    /// Encoded ``FinalityCertificate``.
    public let certificate: Bytes

    public init(block: CBOR, certificate: Bytes) {
        self.block = block
        self.certificate = certificate
    }

    public var cbor: CBOR { .array([block, .bytes(certificate)]) }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 2, let certificate = parts[1].bytes else {
            throw LedgerError(.block, "a bare final block is [bare block, certificate]")
        }
        self.init(block: parts[0], certificate: certificate)
    }
}

/// An entry of the state.
public struct StateEntry: Sendable, Hashable {
    public let key: Bytes
    public let value: Bytes

    public init(key: Bytes, value: Bytes) {
        self.key = key
        self.value = value
    }

    public var cbor: CBOR { .array([.bytes(key), .bytes(value)]) }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 2, let key = parts[0].bytes, let value = parts[1].bytes else {
            throw LedgerError(.block, "an entry of the state is [key, value]")
        }
        self.init(key: key, value: value)
    }
}
