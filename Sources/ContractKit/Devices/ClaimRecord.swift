import Ledger

/// A right to bring in one device; `devices/claims/<id>`. The code itself is known to its owner and to the device alone.
public struct ClaimRecord: StateValue, Hashable {
    /// What a device said when it used the claim; a registrar enrols exactly this.
    public struct Use: Sendable, Hashable {
        public var device: String
        public var generation: UInt64
        /// Deterministic CBOR of the COSE_Key that signs its readings.
        public var key: Bytes
        /// SHA-256 of the TLS certificate that it was given (DER).
        public var certificate: Hash32
        public var time: UInt64
    }

    /// Who will own the device.
    public var owner: String
    public var gateway: String
    public var profile: String
    /// The device that may use it; nil for any new one.
    public var device: String?
    /// SHA-512 of the code followed by ``salt``: what a broker's password file holds (mosquitto.conf(5), `$6$`).
    public var verifier: Bytes
    public var salt: Bytes
    /// Ledger time after which it is not taken any more, ms since 1970.
    public var until: UInt64
    public var isWithdrawn = false
    public var use: Use?

    /// Whether a device can still come in by it.
    public func isOpen(at time: UInt64) -> Bool { use == nil && !isWithdrawn && time <= until }

    init(
        owner: String, gateway: String, profile: String, device: String?, verifier: Bytes, salt: Bytes, until: UInt64
    ) {
        self.owner = owner
        self.gateway = gateway
        self.profile = profile
        self.device = device
        self.verifier = verifier
        self.salt = salt
        self.until = until
    }

    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let owner = map["owner"]?.text, let gateway = map["gateway"]?.text,
            let profile = map["profile"]?.text, let verifier = map["verifier"]?.bytes, let salt = map["salt"]?.bytes,
            let until = map["until"]?.unsigned, let isWithdrawn = map["withdrawn"]?.bool
        else { throw .corrupt("of a claim") }
        self.init(
            owner: owner, gateway: gateway, profile: profile, device: map["device"]?.text, verifier: verifier,
            salt: salt, until: until)
        self.isWithdrawn = isWithdrawn
        if let use = map["use"]?.map, let device = use["device"]?.text, let generation = use["generation"]?.unsigned,
            let key = use["key"]?.bytes, let certificate = use["certificate"]?.hash32, let time = use["time"]?.unsigned
        {
            self.use = Use(device: device, generation: generation, key: key, certificate: certificate, time: time)
        }
    }

    public var cbor: Value {
        [
            "owner": .text(owner), "gateway": .text(gateway), "profile": .text(profile),
            "device": device.map { .text($0) } ?? .null, "verifier": .bytes(verifier), "salt": .bytes(salt),
            "until": .unsigned(until), "withdrawn": .bool(isWithdrawn),
            "use": use.map {
                [
                    "device": .text($0.device), "generation": .unsigned($0.generation), "key": .bytes($0.key),
                    "certificate": .hash($0.certificate), "time": .unsigned($0.time),
                ]
            } ?? .null,
        ]
    }
}
