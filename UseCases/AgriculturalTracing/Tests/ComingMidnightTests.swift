import AgriculturalTracingContract
import AgriculturalTracingService
import Foundation
import Testing

struct ComingMidnightTests {
    /// At any minute of a day that is the last of its month, the day before it and the day after it, the box expires at the instant that is waited for.
    @Test(arguments: [1_795_910_407.0, 1_795_996_807, 1_796_083_207])
    func theDayEndsAtThatMinute(dayBegins: Double) throws {
        for minute in 0..<1440 {
            let now = Date(timeIntervalSince1970: dayBegins + Double(minute * 60))
            let midnight = ComingMidnight(after: now, spare: 15)
            let date = try ExpiryDate(yymmdd: midnight.day, currentYear: 2026)
            #expect(
                date.end(utcOffset: midnight.utcOffset) == Int64(midnight.end.timeIntervalSince1970 * 1000), "\(now)")
            #expect((15...75).contains(midnight.end.timeIntervalSince(now)))
            #expect((-840...840).contains(midnight.utcOffset))
        }
    }
}
