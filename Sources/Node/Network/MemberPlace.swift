import EtcdSequencing
import Replica

/// One member among others: where its peers are, and where order is made.
public struct MemberPlace: Sendable {
    public let member: String
    /// Where the other members' nodes are answered.
    public let peerHost: String
    public let peerPort: Int
    /// Addresses of the other members' nodes, for nodes, by member.
    public let peers: [String: String]
    public let etcd: EtcdConfiguration
    public let history: LedgerNode.History

    public init(
        member: String, peerHost: String, peerPort: Int, peers: [String: String], etcd: EtcdConfiguration,
        history: LedgerNode.History = .init()
    ) {
        self.member = member
        self.peerHost = peerHost
        self.peerPort = peerPort
        self.peers = peers
        self.etcd = etcd
        self.history = history
    }
}
