import ContractKit

/// What the tax law of a lot's place wants of bills and receipts; a part of its tariff, so that it is fixed at the entry.
/// Rates, and whether prices contain them, are the rate tables' own.
public struct TaxRule: Sendable, Hashable {
    /// How a tax becomes whole minor units.
    public enum Rounding: String, Sendable, CaseIterable {
        case halfUp, halfEven, down, up

        /// A part of a whole, rounded.
        func divide(_ part: UInt64, by whole: UInt64) -> UInt64 {
            let (quotient, rest) = part.quotientAndRemainder(dividingBy: whole)
            let isUp =
                switch self {
                case .halfUp: rest >= whole - rest
                case .halfEven: rest > whole - rest || rest == whole - rest && quotient % 2 == 1
                case .down: false
                case .up: rest > 0
                }
            return isUp ? quotient + 1 : quotient
        }
    }

    public static let maximumText = 60

    /// The tax's name on receipts: "VAT", "MwSt.", "Sales tax".
    public let label: String
    /// The seller's number with the tax office; nil where receipts need none.
    public let number: String?
    public let rounding: Rounding

    public init(_ label: String = "Tax", number: String? = nil, rounding: Rounding = .halfUp) {
        self.label = label
        self.number = number
        self.rounding = rounding
    }

    var flaw: String? {
        let texts = [label] + (number.map { [$0] } ?? [])
        return texts.allSatisfy { (1...Self.maximumText).contains($0.utf8.count) }
            ? nil : "a tax's name and number of 1 to \(Self.maximumText) bytes"
    }

    /// A share in hundredths of a percent.
    func share(_ amount: UInt64, _ rate: UInt64) throws(ContractError) -> UInt64 {
        rounding.divide(try amount.multiplied(by: rate), by: 10_000)
    }

    /// The tax in an amount that contains it.
    func included(_ amount: UInt64, _ rate: UInt64) throws(ContractError) -> UInt64 {
        rounding.divide(try amount.multiplied(by: rate), by: 10_000 + rate)
    }
}

extension TaxRule: StateValue {
    public init(cbor: Value) throws(ContractError) {
        guard let map = cbor.map, let label = map["label"]?.text,
            let rounding = map["rounding"]?.text.flatMap(Rounding.init(rawValue:))
        else { throw .corrupt("of a tax rule") }
        self.init(label, number: map["number"]?.text, rounding: rounding)
    }

    public var cbor: Value {
        ["label": .text(label), "number": .optional(number), "rounding": .text(rounding.rawValue)]
    }
}
