import Foundation
import Ledger

/// What the ledger says about sealing, at one moment: which streams are published, when a stream wants another key, and
/// to whom keys go.
struct StreamTerms: Sendable {
    struct Owner: Sendable {
        let key: EncryptionKey
        /// Base address of the owner's key service; nil for the gateway's own node.
        let service: String?
    }

    static let none = StreamTerms(owners: [:], published: [], rotations: [:])

    let owners: [String: Owner]
    private let published: Set<String>
    private let rotations: [String: UInt64]

    private init(owners: [String: Owner], published: Set<String>, rotations: [String: UInt64]) {
        self.owners = owners
        self.published = published
        self.rotations = rotations
    }

    /// Whether readings may go to the ledger in the open. What nobody published is sealed.
    func isPublished(_ stream: String) -> Bool { published.contains(stream) }

    /// Grows when the next batch wants another key.
    func rotation(of stream: String) -> UInt64 { rotations[stream] ?? 0 }
}

extension StreamTerms {
    /// The answer of `GET /api/v1/streams?gateway=…`.
    private struct Document: Decodable {
        struct Owner: Decodable {
            var id: String
            var encryptionKey: String
            var service: String?
        }
        struct Stream: Decodable {
            var stream: String
            var published: Bool
            var rotation: UInt64
        }
        var owners: [Owner]
        var streams: [Stream]
    }

    /// Reads the node's answer.
    ///
    /// - Throws: ``GatewayError`` with `directory`.
    init(json: [UInt8]) throws(GatewayError) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Foundation.Data(json))
        } catch {
            throw GatewayError(.directory, "the node's answer about streams cannot be read: \(error)")
        }
        var owners: [String: Owner] = [:]
        for owner in document.owners {
            guard let bytes = Bytes(hex: owner.encryptionKey), let key = try? EncryptionKey(bytes) else {
                throw GatewayError(.directory, "the node's encryption key of \(owner.id) is none")
            }
            owners[owner.id] = Owner(key: key, service: owner.service)
        }
        self.init(
            owners: owners, published: Set(document.streams.filter(\.published).map(\.stream)),
            rotations: Dictionary(document.streams.map { ($0.stream, $0.rotation) }, uniquingKeysWith: max))
    }
}
