import Testing

@testable import PortalKit

@Suite("Instants and dates")
struct MomentTests {
    @Test(
        "an instant in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00Z", "1 Jan 1970, 00:00 UTC"),
            (951_782_399_999, "2000-02-28T23:59:59Z", "28 Feb 2000, 23:59 UTC"),
            (951_782_400_000, "2000-02-29T00:00:00Z", "29 Feb 2000, 00:00 UTC"),
            (1_790_000_000_000, "2026-09-21T14:13:20Z", "21 Sep 2026, 14:13 UTC"),
            (4_102_444_800_000, "2100-01-01T00:00:00Z", "1 Jan 2100, 00:00 UTC"),
            (-1, "1969-12-31T23:59:59Z", "31 Dec 1969, 23:59 UTC"),
        ] as [(Int64, String, String)])
    func instants(milliseconds: Int64, iso: String, text: String) {
        let moment = Moment(milliseconds: milliseconds)
        #expect(moment.iso == iso)
        #expect(moment.text == text)
    }

    @Test("every day of four centuries follows the one before")
    func days() {
        var previous = Day(daysSinceEpoch: -1).iso
        for number in Int64(0)..<146_097 {
            let iso = Day(daysSinceEpoch: number).iso
            #expect(previous < iso)
            previous = iso
        }
        #expect(Day(daysSinceEpoch: 146_097).iso == "2370-01-01")
    }
}
