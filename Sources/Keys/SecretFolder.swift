import Crypto
import Foundation
import Ledger
import Synchronization

/// Secrets of 32 bytes, a file each, encrypted under the node's secret: a copy of the folder alone opens nothing.
///
/// A file holds, in hex, a COSE_Encrypt0 with A256GCM whose external data is the file's name. The key is HKDF-SHA256 of the node's secret,
/// which lies where `CAIRN_KEY_SECRET_FILE` says, best on another medium than the data; in the folder itself unless told otherwise.
public final class SecretFolder: Sendable {
    /// Environment variable that names the file of the node's secret.
    public static let secretVariable = "CAIRN_KEY_SECRET_FILE"
    private static let secretName = ".secret"
    private static let info = Data("cairn-key-file/1".utf8)

    private let folder: URL
    private let key: Bytes
    private let loaded = Mutex<[String: Bytes]>([:])

    /// Opens a folder, and makes it and the node's secret if they are not there.
    public init(_ folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let named = ProcessInfo.processInfo.environment[Self.secretVariable].map { URL(filePath: $0) }
        let secret = try Self.secret(named ?? folder.appending(path: Self.secretName))
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Self.info, outputByteCount: 32
        ).withUnsafeBytes { Bytes($0) }
    }

    private static func secret(_ file: URL) throws -> Bytes {
        if let text = try? String(contentsOf: file, encoding: .utf8) {
            guard let bytes = Bytes(hex: text.trimmingCharacters(in: .whitespacesAndNewlines)), bytes.count == 32 else {
                throw LedgerError(.key, "\(file.path) does not hold 32 bytes in hex")
            }
            return bytes
        }
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Bytes($0) }
        try write(bytes.hex, to: file)
        return bytes
    }

    private static func write(_ text: String, to file: URL) throws {
        let created = FileManager.default.createFile(
            atPath: file.path, contents: Data("\(text)\n".utf8), attributes: [.posixPermissions: 0o600])
        guard created else { throw LedgerError(.key, "\(file.path) cannot be written") }
    }

    /// Names of the secrets that are here, in order.
    public var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { !$0.hasPrefix(".") }.sorted()
    }

    /// A secret; nil if it is not kept here.
    public func secret(_ name: String) throws -> Bytes? {
        if let known = loaded.withLock({ $0[name] }) { return known }
        guard let text = try? String(contentsOf: file(name), encoding: .utf8) else { return nil }
        guard let sealed = Bytes(hex: text.trimmingCharacters(in: .whitespacesAndNewlines)),
            let secret = try? COSEEncrypt0.open(sealed, externalAAD: Bytes(name.utf8), key: key)
        else {
            throw LedgerError(.key, "\(file(name).path) does not open with this node's secret")
        }
        loaded.withLock { $0[name] = secret }
        return secret
    }

    /// Keeps a secret; one of the same name is replaced.
    public func keep(_ secret: Bytes, as name: String) throws {
        let nonce = Bytes((0..<12).map { _ in UInt8.random(in: 0...255) })
        let sealed = try COSEEncrypt0.seal(secret, nonce: nonce, externalAAD: Bytes(name.utf8), key: key)
        try Self.write(sealed.hex, to: file(name))
        loaded.withLock { $0[name] = secret }
    }

    /// Destroys a secret: what was encrypted under it cannot be read any more.
    public func destroy(_ name: String) throws {
        loaded.withLock { _ = $0.removeValue(forKey: name) }
        try FileManager.default.removeItem(at: file(name))
    }

    private func file(_ name: String) -> URL { folder.appending(path: name) }
}
