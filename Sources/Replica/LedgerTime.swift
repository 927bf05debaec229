import Ledger

/// Ledger time: the lower median of the members' latest clock reports, never decreasing, so that one wrong clock moves nothing.
enum LedgerTime {
    /// - Parameters:
    ///   - reports: latest report of each member, ms; a member that never reported counts as 0.
    static func next(after previous: UInt64, reports: [String: UInt64], members: MemberSet) -> UInt64 {
        let clocks = members.members.map { reports[$0.id] ?? 0 }.sorted()
        return max(previous, clocks[(clocks.count - 1) / 2])
    }
}
