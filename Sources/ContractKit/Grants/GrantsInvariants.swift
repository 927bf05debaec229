import Ledger

/// What always holds over grants, releases and keys.
enum GrantsInvariants {
    /// Entries of a map that are looked at.
    private static let limit = 100_000

    static let all = [
        Invariant("no release without a grant that was live then", releasesAreCovered),
        Invariant("an encryption key names one participant", keysAreSingle),
    ]

    private static func releasesAreCovered(_ state: any StateReader) throws(ContractError) -> [String] {
        var violations: [String] = []
        for (request, release) in try state.scan(GrantsContract.releases, limit: limit) {
            guard let grant = try state.get(GrantsContract.grants, release.grant) else {
                violations.append("the release \(request) names no grant")
                continue
            }
            // Within one block the release came first, or its number would be beyond the grant's count.
            let wasLive =
                grant.grantedAt <= release.time && release.time < grant.terms.until
                && grant.revokedAt.map { release.time <= $0 } ?? true && release.number <= grant.releases
            if !wasLive { violations.append("the grant \(release.grant) was not live at the release \(request)") }
            for range in release.epochs where !grant.terms.streams.contains(range.stream) {
                violations.append("the release \(request) of \(range.stream) is not under its grant")
            }
        }
        return violations
    }

    private static func keysAreSingle(_ state: any StateReader) throws(ContractError) -> [String] {
        var violations: [String] = []
        for (participant, record) in try state.scan(GrantsContract.keys, limit: limit)
        where try state.get(GrantsContract.keyOwners, record.key.hex) != participant {
            violations.append("the key of \(participant) is registered to another")
        }
        return violations
    }
}
