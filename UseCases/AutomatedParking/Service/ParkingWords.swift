import AutomatedParkingContract
import PortalKit

/// Money, times and stages for people.
enum ParkingWords {
    static func money(_ minor: UInt64) -> String {
        let rest = minor % 100
        return "\(minor / 100).\(rest < 10 ? "0" : "")\(rest) points"
    }

    /// Hundredths of a percent.
    static func percent(_ rate: UInt64) -> String {
        let rest = rate % 100
        return rest == 0 ? "\(rate / 100) %" : "\(rate / 100).\(rest < 10 ? "0" : "")\(rest) %"
    }

    static func length(_ milliseconds: UInt64) -> String {
        let minutes = milliseconds / 60_000
        if minutes < 60 { return "\(minutes) min" }
        let hours = minutes / 60
        return hours < 48 ? "\(hours) h \(minutes % 60) min" : "\(hours / 24) days \(hours % 24) h"
    }

    static func moment(_ milliseconds: UInt64) -> Moment { Moment(milliseconds: Int64(milliseconds)) }

    static func stage(_ stage: ParkingSession.Stage) -> (String, Table.Tone) {
        switch stage {
        case .open: ("Parked", .neutral)
        case .billed: ("Your wallet is asked", .neutral)
        case .paid: ("Paid", .good)
        case .claimed: ("To be paid", .bad)
        case .held: ("A person looks", .neutral)
        case .closed: ("Ended, nothing to pay", .good)
        case .refunded: ("Refunded", .good)
        }
    }

    static func kind(_ kind: Review.Kind) -> String {
        switch kind {
        case .unread: "A car without a plate"
        case .weak: "Plate not readable"
        case .similar: "Looks like another plate"
        case .twoPlaces: "One plate in two places"
        case .noExit: "No exit seen"
        case .noEntry: "No entry seen"
        case .ownership: "Plate claimed by another account"
        case .dispute: "Charge disputed"
        }
    }
}
