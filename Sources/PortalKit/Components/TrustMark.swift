/// What stands behind a record: not one green tick for all of them.
public enum TrustMark: String, Sendable, CaseIterable {
    /// Measured and signed by an enrolled device.
    case device
    /// Stated and signed by a named person or organisation.
    case person
    /// Stated without a signature of its own, for example copied from another system.
    case statement

    /// Words of the mark.
    public var label: String {
        switch self {
        case .device: "Signed by a device"
        case .person: "Signed by a person"
        case .statement: "Statement only"
        }
    }

    /// What the mark is worth.
    public var meaning: String {
        switch self {
        case .device: "measured and signed inside the instrument"
        case .person: "someone with a known name answers for it"
        case .statement: "said by someone, but not signed by them"
        }
    }

    /// What the partial `trust-mark` is filled with.
    public struct View {
        let trustName: String
        let trustLabel: String
        let trustMeaning: String
        let trustSymbol: String
    }

    /// The view of this mark.
    public var view: View {
        let symbol: Symbol =
            switch self {
            case .device: .device
            case .person: .person
            case .statement: .statement
            }
        return View(trustName: rawValue, trustLabel: label, trustMeaning: meaning, trustSymbol: symbol.svg)
    }
}
