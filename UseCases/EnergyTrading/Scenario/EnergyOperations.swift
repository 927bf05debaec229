import ContractKit
import EnergyTradingContract
import Ledger

/// Operations of a household's wallet and agent.
enum EnergyOperations {
    static func surplus(_ interval: UInt64, _ energy: UInt64) -> Operation {
        make("surplus", interval, [("energy", .unsigned(energy))])
    }

    static func seal(_ terms: OrderTerms, of participant: String, _ interval: UInt64, salt: Bytes) -> Operation {
        make(
            "seal", interval,
            [("commitment", .hash(terms.commitment(of: participant, interval: interval, salt: salt)))])
    }

    static func open(_ terms: OrderTerms, _ interval: UInt64, salt: Bytes) -> Operation {
        make(
            "open", interval,
            [
                ("side", .text(terms.side.rawValue)), ("energy", .unsigned(terms.energy)),
                ("price", .unsigned(terms.price)), ("source", .text(terms.source)),
                ("divisible", .bool(terms.isDivisible)), ("salt", .bytes(salt)),
            ])
    }

    static func accept(_ interval: UInt64, _ trade: UInt64) -> Operation {
        make("accept", interval, [("trade", .unsigned(trade))])
    }

    static func pay(_ interval: UInt64, _ trade: UInt64, _ amount: UInt64) -> Operation {
        make("pay", interval, [("trade", .unsigned(trade)), ("amount", .unsigned(amount))])
    }

    static func salt() -> Bytes { (0..<16).map { _ in UInt8.random(in: 0...255) } }

    private static func make(_ name: String, _ interval: UInt64, _ more: [(String, CBOR)]) -> Operation {
        Operation(EnergyContract.contractName, name, [("interval", .unsigned(interval))] + more)
    }
}
