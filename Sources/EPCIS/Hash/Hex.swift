extension Sequence<UInt8> {
    /// Two small digits an octet.
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
