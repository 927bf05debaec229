/// Cuts what comes from a P1 port into telegrams. Whatever stands between them, and a telegram that does not end, is left out.
public struct P1Framer: Sendable {
    private var held: [UInt8] = []

    public init() {}

    /// Takes bytes and gives the telegrams that are whole now.
    public mutating func push(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        var telegrams: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "/") {
                // Nothing but the beginning has a slash (IEC 62056-21 clause 6.3.2), so a telegram that broke off ends here.
                held = [byte]
            } else if !held.isEmpty {
                held.append(byte)
                if byte == 0x0A, endsTelegram {
                    telegrams.append(held)
                    held = []
                } else if held.count > P1Telegram.maximumSize {
                    held = []
                }
            }
        }
        return telegrams
    }

    /// Whether the line that just ended is the one with the mark.
    private var endsTelegram: Bool {
        let start = held.dropLast().lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return held[start] == UInt8(ascii: "!")
    }
}
