import Foundation
import Ledger

/// The devices that the ledger assigns to this gateway, at one moment: an immutable value that verification shares.
struct DeviceRegister: Sendable {
    struct Device: Sendable {
        let urn: String
        let key: VerifyingKey
        let profile: String
        /// Whose readings they are.
        let owner: String
        let isActive: Bool
        /// The owner has signed the terms that this gateway needs, or it needs none.
        let isAgreed: Bool
    }

    static let empty = DeviceRegister(devices: [:])

    /// By key thumbprint.
    let devices: [Hash32: Device]

    subscript(kid: Hash32) -> Device? { devices[kid] }

    /// Devices without a valid key.
    var inactive: Set<String> {
        let active = Set(devices.values.filter(\.isActive).map(\.urn))
        return Set(devices.values.map(\.urn)).subtracting(active)
    }

    /// Who owns a device of this gateway.
    func owner(of urn: String) -> String? { devices.values.first { $0.urn == urn }?.owner }
}

extension DeviceRegister {
    /// The answer of `GET /api/v1/devices?gateway=…`.
    private struct Document: Decodable {
        struct Item: Decodable {
            var urn: String
            var kid: String
            var publicKey: String
            var profile: String
            var owner: String
            var active: Bool
            /// nil in a list that an older node made.
            var agreed: Bool?
        }
        var items: [Item]
    }

    /// Reads the node's list. An entry that does not hold together (a thumbprint that is not that of its key) makes the
    /// whole list suspect, so it is refused whole.
    init(json: [UInt8]) throws(GatewayError) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Foundation.Data(json))
        } catch {
            throw GatewayError(.directory, "the node's list of devices cannot be read: \(error)")
        }
        var devices: [Hash32: Device] = [:]
        devices.reserveCapacity(document.items.count)
        for item in document.items {
            guard let coseKey = Bytes(hex: item.publicKey), let key = try? VerifyingKey(coseKey: coseKey),
                key.kid.hex == item.kid
            else { throw GatewayError(.directory, "the key of \(item.urn) in the node's list does not fit its kid") }
            devices[key.kid] = Device(
                urn: item.urn, key: key, profile: item.profile, owner: item.owner, isActive: item.active,
                isAgreed: item.agreed ?? true)
        }
        self.devices = devices
    }
}
