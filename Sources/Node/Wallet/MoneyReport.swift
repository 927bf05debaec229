import ContractKit
import Ledger
import UseCaseKit

/// The money of a ledger at one look: what was issued of each currency, and where it lies. The two sides are equal, or something is wrong.
struct MoneyReport {
    struct Line {
        let currency: String
        /// Minor units.
        var issued: UInt64 = 0
        var accounts: UInt64 = 0
        var held: UInt64 = 0

        var isBalanced: Bool { accounts + held == issued }
    }

    /// Most records of the wallet that are added up.
    static let limit = 2_000_000

    /// By currency.
    let lines: [Line]

    /// All records are read at once, so that no payment lies between those of one side and of the other.
    init(of platform: Platform) throws {
        let prefix = WalletContract.contractName + "/"
        let records = try platform.state.entries(
            from: Bytes(prefix.utf8), to: Bytes((WalletContract.contractName + "0").utf8), limit: Self.limit)
        var lines: [String: Line] = [:]
        for (key, value) in records {
            let parts = String(decoding: key, as: UTF8.self).split(separator: "/").map(String.init)
            guard parts.count >= 3 else { continue }
            let record = try CBOR.decode(value)
            var line = lines[parts[2]] ?? Line(currency: parts[2])
            switch parts[1] {
            case "supply": line.issued = try UInt64(cbor: record)
            case "accounts": line.accounts += try Account(cbor: record).balance
            case "holds": line.held += try Hold(cbor: record).amount
            default: continue
            }
            lines[parts[2]] = line
        }
        self.lines = lines.values.sorted { $0.currency < $1.currency }
    }
}
