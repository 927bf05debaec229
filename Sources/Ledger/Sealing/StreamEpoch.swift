/// The span of a gateway's stream that is sealed under one key.
///
/// Positions are dense for each gateway and stream, so keys are too: two gateways of one owner never share a key, and no
/// nonce repeats under one.
public struct StreamEpoch: Sendable, Hashable {
    public let ledger: Hash32
    /// The gateway that seals.
    public let gateway: String
    /// `<owner>.<channel>`.
    public let stream: String
    /// Grows by one with each new key; 0 stands for batches that are not sealed.
    public let number: UInt64

    public init(ledger: Hash32, gateway: String, stream: String, number: UInt64) {
        self.ledger = ledger
        self.gateway = gateway
        self.stream = stream
        self.number = number
    }

    /// `info` of the HPKE wrapping of this epoch's key, so that a wrapped key opens for nothing else.
    ///
    /// - Parameters:
    ///   - recipient: the participant whose key it is wrapped to.
    ///   - grant: under which it is handed out; nil when the gateway gives it to the owner.
    public func wrappingInfo(recipient: String, grant: String?) -> Bytes {
        encoded("cairn-wrapped-key/1", [.text(recipient), .optional(grant)])
    }

    func encoded(_ domain: String, _ more: [CBOR]) -> Bytes {
        CBOR.array([.text(domain), .hash(ledger), .text(gateway), .text(stream), .unsigned(number)] + more).encoded()
    }
}

/// Names of streams.
public enum StreamName {
    /// Octets of a stream's name.
    public static let maximum = 165

    /// The stream of an owner's channel; nil where the channel has a dot, for the owner ends at the last one.
    public static func of(owner: String, channel: String) -> String? {
        let name = "\(owner).\(channel)"
        return self.owner(of: name) == owner && name.utf8.count <= maximum ? name : nil
    }

    /// Whose stream it is: all before the last dot; nil for a name without owner or channel.
    public static func owner(of stream: String) -> String? {
        guard let dot = stream.lastIndex(of: "."), dot > stream.startIndex, stream.index(after: dot) < stream.endIndex
        else { return nil }
        return String(stream[..<dot])
    }

    /// The channel: all after the last dot.
    public static func channel(of stream: String) -> String {
        stream.split(separator: ".").last.map(String.init) ?? stream
    }
}
