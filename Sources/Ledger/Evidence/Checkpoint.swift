/// A tree head as a C2SP tlog-checkpoint: a signed note with the log's signature and members' cosignatures.
public struct Checkpoint: Sendable, Hashable {
    /// Signature types of C2SP signed-note and tlog-cosignature.
    private static let ed25519: UInt8 = 0x01
    private static let cosignatureV1: UInt8 = 0x04

    public let origin: String
    public let size: UInt64
    public let root: Hash32

    public init(ledger: Hash32, size: UInt64, root: Hash32) {
        origin = Self.origin(of: ledger)
        self.size = size
        self.root = root
    }

    public static func origin(of ledger: Hash32) -> String { "cairn/\(ledger.hex)" }
    static func cosignerName(ledger: Hash32, member: String) -> String { "\(origin(of: ledger))/\(member)" }

    /// The signed text: origin, size, root, a line each.
    public var body: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    // MARK: Signing

    /// The log's own signature line, by the serving member's key.
    public func signatureLine(with key: SigningKey) -> String {
        let raw = key.verifyingKey.ed25519 ?? []
        return line(origin, keyID(origin, Self.ed25519, raw) + key.sign(Bytes(body.utf8)))
    }

    /// A cosignature/v1 line of a member; `time` in seconds since 1970.
    public func cosignatureLine(ledger: Hash32, member: String, time: UInt64, with key: SigningKey) -> String {
        let name = Self.cosignerName(ledger: ledger, member: member)
        let raw = key.verifyingKey.ed25519 ?? []
        let stamp = (0..<8).map { UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * $0)) }
        let signature = key.sign(Bytes("cosignature/v1\ntime \(time)\n\(body)".utf8))
        return line(name, keyID(name, Self.cosignatureV1, raw) + stamp + signature)
    }

    public func note(lines: [String]) -> String { body + "\n" + lines.joined() }

    /// Verifier keys in the notation of C2SP signed-note: the log's (as signed by `server`), then each member's cosigner key.
    public static func verifierKeys(ledger: Hash32, server: String, members: MemberSet) -> [String] {
        let name = origin(of: ledger)
        return members.members.filter { $0.id == server }.map { verifierKey(name, ed25519, $0.key) }
            + members.members.filter { $0.id != server }
            .map { verifierKey(cosignerName(ledger: ledger, member: $0.id), cosignatureV1, $0.key) }
    }

    private static func verifierKey(_ name: String, _ type: UInt8, _ key: VerifyingKey) -> String {
        let raw = key.ed25519 ?? []
        return "\(name)+\(keyIdentifier(name, type, raw).hex)+\(Base64.encode([type] + raw))"
    }

    private func keyID(_ name: String, _ type: UInt8, _ raw: Bytes) -> Bytes { Self.keyIdentifier(name, type, raw) }

    private static func keyIdentifier(_ name: String, _ type: UInt8, _ raw: Bytes) -> Bytes {
        Bytes(Hash32.sha256(Bytes(name.utf8) + [0x0A, type] + raw).bytes.prefix(4))
    }

    private func line(_ name: String, _ signature: Bytes) -> String {
        "\u{2014} \(name) \(Base64.encode(signature))\n"
    }

    // MARK: Verifying

    /// Reads a note and returns its checkpoint, the members of its time whose signature on it holds, and how many lines are nobody's.
    public static func verify(
        note: String, ledger: Hash32, members: MemberHistory
    ) throws(LedgerError) -> (checkpoint: Checkpoint, signers: Set<String>, others: Int) {
        let malformed = LedgerError(.checkpoint, "a checkpoint is origin, size, root and signature lines")
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 5, lines[3].isEmpty, lines[0] == origin(of: ledger), let size = UInt64(lines[1]),
            String(size) == lines[1], let rootBytes = Base64.decode(lines[2]), let root = Hash32(rootBytes)
        else { throw malformed }
        let checkpoint = Checkpoint(ledger: ledger, size: size, root: root)
        var signers: Set<String> = []
        var others = 0
        for line in lines[4...] where !line.isEmpty {
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 3, parts[0] == "\u{2014}", let signature = Base64.decode(parts[2]) else {
                throw malformed
            }
            if let member = checkpoint.signer(
                named: parts[1], signature, ledger: ledger, members.members(atLogSize: size))
            {
                signers.insert(member)
            } else {
                others += 1
            }
        }
        return (checkpoint, signers, others)
    }

    private func signer(named name: String, _ signature: Bytes, ledger: Hash32, _ members: MemberSet) -> String? {
        for member in members.members {
            guard let raw = member.key.ed25519 else { continue }
            if name == origin, signature.count == 68,
                Bytes(signature.prefix(4)) == keyID(name, Self.ed25519, raw),
                member.key.isValid(Bytes(signature[4...]), for: Bytes(body.utf8))
            {
                return member.id
            }
            if name == Self.cosignerName(ledger: ledger, member: member.id), signature.count == 76,
                Bytes(signature.prefix(4)) == keyID(name, Self.cosignatureV1, raw)
            {
                let time = signature[4..<12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                let message = Bytes("cosignature/v1\ntime \(time)\n\(body)".utf8)
                if member.key.isValid(Bytes(signature[12...]), for: message) { return member.id }
            }
        }
        return nil
    }
}
