/// What a value of a meter means: the OBIS code `A-B:C.D.E` with an optional `*F`, IEC 62056-61.
public struct OBIS: Hashable, Sendable, CustomStringConvertible {
    public let medium: UInt8
    public let channel: UInt8
    public let quantity: UInt8
    public let processing: UInt8
    public let tariff: UInt8
    /// Which of earlier values; nil and 255 are the present one.
    public let history: UInt8?

    public init(
        _ medium: UInt8, _ channel: UInt8, _ quantity: UInt8, _ processing: UInt8, _ tariff: UInt8,
        history: UInt8? = nil
    ) {
        self.medium = medium
        self.channel = channel
        self.quantity = quantity
        self.processing = processing
        self.tariff = tariff
        self.history = history == 255 ? nil : history
    }

    /// `1-0:1.8.0` or `1-0:1.8.0*255`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        var numbers: [UInt8] = []
        var separators: [Character] = []
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                guard let number = UInt8(digits) else { return nil }
                numbers.append(number)
                separators.append(character)
                digits = ""
            }
        }
        guard let last = UInt8(digits) else { return nil }
        numbers.append(last)
        guard separators == ["-", ":", ".", "."] || separators == ["-", ":", ".", ".", "*"] else { return nil }
        self.init(
            numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], history: numbers.count == 6 ? numbers[5] : nil)
    }

    public var description: String {
        "\(medium)-\(channel):\(quantity).\(processing).\(tariff)" + (history.map { "*\($0)" } ?? "")
    }

    /// Energy taken from the grid, of all tariffs or of one.
    public static func imported(tariff: UInt8 = 0) -> OBIS { OBIS(1, 0, 1, 8, tariff) }
    /// Energy given to the grid.
    public static func exported(tariff: UInt8 = 0) -> OBIS { OBIS(1, 0, 2, 8, tariff) }
    public static let powerTaken = OBIS(1, 0, 1, 7, 0)
    public static let powerGiven = OBIS(1, 0, 2, 7, 0)
    public static let time = OBIS(0, 0, 1, 0, 0)
    public static let serial = OBIS(0, 0, 96, 1, 1)
    public static let version = OBIS(1, 3, 0, 2, 8)
}
