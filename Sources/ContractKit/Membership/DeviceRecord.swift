import Ledger

/// A device that reports through a gateway; `membership/devices/<urn>`.
public struct DeviceRecord: StateValue, Hashable {
    public var owner: String
    /// What the device measures or does, by the name of its profile.
    public var profile: String
    /// The gateway participant that relays its messages.
    public var gateway: String
    public var attestedBy: String
    /// Grows by one with each new key.
    public var generation: UInt64
    public var kid: Hash32
    /// SHA-256 of its Thing Description (W3C WoT TD 1.1), where it has one.
    public var thing: Hash32?
    public var revokedAt: UInt64?

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let profile = map["profile"]?.text,
            let gateway = map["gateway"]?.text, let attestedBy = map["attestedBy"]?.text,
            let generation = map["generation"]?.unsigned, let kid = map["kid"]?.hash32
        else { throw .corrupt("of a device") }
        self.owner = owner
        self.profile = profile
        self.gateway = gateway
        self.attestedBy = attestedBy
        self.generation = generation
        self.kid = kid
        thing = map["thing"]?.hash32
        revokedAt = map["revokedAt"]?.unsigned
    }

    init(
        owner: String, profile: String, gateway: String, attestedBy: String, generation: UInt64, kid: Hash32,
        thing: Hash32? = nil
    ) {
        self.owner = owner
        self.profile = profile
        self.gateway = gateway
        self.attestedBy = attestedBy
        self.generation = generation
        self.kid = kid
        self.thing = thing
        revokedAt = nil
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "profile": .text(profile), "gateway": .text(gateway),
            "attestedBy": .text(attestedBy), "generation": .unsigned(generation), "kid": .hash(kid),
            "thing": thing.map { .hash($0) } ?? .null, "revokedAt": .optional(revokedAt),
        ]
    }
}
