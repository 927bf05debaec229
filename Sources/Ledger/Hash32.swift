import Crypto

/// A SHA-256 digest: 32 bytes, kept inline so that trees of them need no allocation for each.
public struct Hash32: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// 32 zero bytes: the empty subtree of a state tree, the predecessor of the first header.
    public static let zero = Hash32(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// The digest with these bytes; nil unless there are exactly 32.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var hash = Hash32.zero
        hash.withMutableBytes { $0.copyBytes(from: bytes) }
        self = hash
    }

    public init?(hex: some StringProtocol) {
        guard let bytes = Bytes(hex: hex) else { return nil }
        self.init(bytes)
    }

    public var bytes: Bytes { withUnsafeBytes { Bytes($0) } }
    public var hex: String { withUnsafeBytes { $0.hex } }

    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try Swift.withUnsafeBytes(of: words, body)
    }

    mutating func withMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        try Swift.withUnsafeMutableBytes(of: &words, body)
    }

    public static func == (a: Hash32, b: Hash32) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2 && a.words.3 == b.words.3
    }

    public func hash(into hasher: inout Hasher) {
        // A digest is uniformly distributed, so one word of it is hash enough.
        hasher.combine(words.0)
    }

    /// Bit `index` of the digest, most significant bit of the first byte first.
    @inline(__always)
    public func bit(_ index: Int) -> Bool {
        withUnsafeBytes { $0[index >> 3] & (0x80 >> UInt8(index & 7)) != 0 }
    }
}

extension Hash32: Comparable {
    public static func < (a: Hash32, b: Hash32) -> Bool {
        if a.words.0 != b.words.0 { return UInt64(bigEndian: a.words.0) < UInt64(bigEndian: b.words.0) }
        if a.words.1 != b.words.1 { return UInt64(bigEndian: a.words.1) < UInt64(bigEndian: b.words.1) }
        if a.words.2 != b.words.2 { return UInt64(bigEndian: a.words.2) < UInt64(bigEndian: b.words.2) }
        return UInt64(bigEndian: a.words.3) < UInt64(bigEndian: b.words.3)
    }
}

extension Hash32: CustomStringConvertible {
    public var description: String { hex }
}

// MARK: - SHA-256

extension Hash32 {
    public static func sha256(_ bytes: Bytes) -> Hash32 {
        bytes.withUnsafeBytes { sha256($0) }
    }

    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> Hash32 {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return Hash32(digest: hasher.finalize())
    }

    /// SHA-256(prefix ‖ bytes), the domain-separated leaf hash of RFC 9162 §2.1.1.
    public static func sha256(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> Hash32 {
        var hasher = SHA256()
        Swift.withUnsafeBytes(of: prefix) { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: bytes)
        return Hash32(digest: hasher.finalize())
    }

    /// SHA-256(prefix ‖ left ‖ right), hashed from one buffer on the stack.
    public static func sha256(prefix: UInt8, _ left: Hash32, _ right: Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
            buffer[0] = prefix
            left.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]).copyMemory(from: $0) }
            right.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[33..<65]).copyMemory(from: $0) }
            return sha256(UnsafeRawBufferPointer(buffer))
        }
    }

    private init(digest: SHA256Digest) {
        var hash = Hash32.zero
        digest.withUnsafeBytes { source in hash.withMutableBytes { $0.copyMemory(from: source) } }
        self = hash
    }
}
