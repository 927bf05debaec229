import Ledger

/// A member's clock with its signature: whoever brings a batch can hand on the clocks of others, and can invent none.
public struct SignedClock: Sendable, Hashable {
    public let member: String
    /// ms since 1970.
    public let clock: UInt64
    /// Empty where all members live in one process, which trusts itself.
    public let signature: Bytes

    public init(member: String, clock: UInt64, signature: Bytes = []) {
        self.member = member
        self.clock = clock
        self.signature = signature
    }

    public static func sign(_ clock: UInt64, of member: String, ledger: Hash32, with key: SigningKey) -> SignedClock {
        SignedClock(
            member: member, clock: clock,
            signature: COSESign1.signDetached(payload(clock), externalAAD: ledger.bytes, with: key))
    }

    public func isSigned(by members: MemberSet, ledger: Hash32) -> Bool {
        guard let key = members.members.first(where: { $0.id == member })?.key else { return false }
        return COSESign1.verifyDetached(
            signature, payload: Self.payload(clock), externalAAD: ledger.bytes, with: key)
    }

    private static func payload(_ clock: UInt64) -> Bytes {
        CBOR.array(["cairn-clock/1", .unsigned(clock)]).encoded()
    }

    public var cbor: CBOR { .array([.text(member), .unsigned(clock), .bytes(signature)]) }

    public init(cbor: CBOR) throws(LedgerError) {
        guard let parts = cbor.array, parts.count == 3, let member = parts[0].text, let clock = parts[1].unsigned,
            let signature = parts[2].bytes
        else { throw LedgerError(.block, "a signed clock is [member, ms, signature]") }
        self.init(member: member, clock: clock, signature: signature)
    }
}
