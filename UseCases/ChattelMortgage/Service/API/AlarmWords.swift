import ChattelMortgageContract
import ChattelMortgagePages

/// Alarms in words and units for people.
enum AlarmWords {
    static func title(_ kind: String) -> String {
        switch kind {
        case "unauthorisedMoveOut": "Goods left without leave"
        case "blindSpot": "A sensor is silent"
        case "sameIdentityTwice": "One tag at two sites"
        case "countOverdue": "A re-count is overdue"
        case "custodyGap": "Nobody has signed for the goods"
        case "route": "Truck left its corridor"
        case "stop": "Truck stands too long"
        case "shock": "Shock"
        case "tilt": "Tilt"
        case "door": "Door open on the road"
        case "silence": "Truck is silent"
        default: kind
        }
    }

    static func value(_ alarm: Alarm) -> String {
        switch alarm.kind {
        case "unauthorisedMoveOut": Amounts.tonnes(alarm.value)
        case "blindSpot": "\(alarm.value) of the bay's sensors"
        case "sameIdentityTwice": "2 places"
        case "route": "\(alarm.value) m off, allowed \(alarm.limit) m"
        case "stop": "\(alarm.value / 60) min, allowed \(alarm.limit / 60) min"
        case "shock": "\(decimal(alarm.value)) m/s², allowed \(decimal(alarm.limit)) m/s²"
        case "tilt": "\(decimal(alarm.value))°, allowed \(decimal(alarm.limit))°"
        case "custodyGap": "\(alarm.value / 3_600_000) h"
        default: ""
        }
    }

    private static func decimal(_ hundredths: UInt64) -> String { "\(hundredths / 100).\(hundredths / 10 % 10)" }
}
