import EnergyTradingContract
import PortalKit

/// Energy, prices and stages for people.
enum EnergyWords {
    /// Wh as `1.25 kWh`.
    static func energy(_ wattHours: UInt64) -> String {
        let hundredths = wattHours / 10
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) kWh"
    }

    /// Thousandths of a point as `0.25`: a point has a hundred parts.
    static func price(_ thousandths: UInt64) -> String { points(thousandths / 1000) }

    /// Minor units as points.
    static func points(_ minor: UInt64) -> String {
        let rest = minor % 100
        return "\(minor / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// The start of an interval, from a key that begins with it.
    static func moment(_ key: String) -> Moment {
        Moment(milliseconds: key.split(separator: "/").first.flatMap { Int64($0) } ?? 0)
    }

    static func grid(_ state: GridState) -> Fact {
        Fact(
            "Trading stands still", Moment(milliseconds: Int64(state.since)),
            note: "the grid is outside its limits since then: \(Double(state.frequency) / 1000) Hz, "
                + "\(Double(state.lowest) / 1000) to \(Double(state.highest) / 1000) V")
    }

    static func border(_ line: BorderWatch.Line) -> Fact {
        let name = "Trade with other microgrids"
        switch line {
        case .none: return Fact(name, "none", note: "no ledger between microgrids is named to this node")
        case .up: return Fact(name, "the ledger between microgrids answers")
        case .down(let since, let why):
            return Fact(
                name, Moment(milliseconds: Int64(since)),
                note: "the ledger between microgrids does not answer since then. The market here goes on, and what was "
                    + "agreed before is settled once it answers. \(why)")
        }
    }

    static func stage(_ stage: Trade.Stage) -> (String, Table.Tone) {
        switch stage {
        case .proposed: ("Waits for the seller", .neutral)
        case .accepted: ("Agreed", .neutral)
        case .lapsed: ("Lapsed", .bad)
        case .payable: ("To be paid", .neutral)
        case .disputed: ("Disputed", .bad)
        case .paid, .confirmed: ("Paid", .good)
        }
    }
}
