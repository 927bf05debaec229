extension RecordReplica {
    /// What no replica can show.
    public static let limits: [String] =
        EvidenceVerifier.Report.limits + [
            "that no record is missing which the nodes withheld at every synchronisation: ask several of them, of different members",
            "that nobody who may write the file took a record out and wrote the list anew: the next synchronisation tells of it",
        ]

    /// Verifies a file from its bytes alone: the list, the head, then each record as a bundle of its own.
    ///
    /// - Parameter expectedLedger: the ledger id that the verifier trusts; nil reports the id found.
    public static func verify(_ bytes: Bytes, expectedLedger: Hash32? = nil) -> EvidenceVerifier.Report {
        var checks: [EvidenceVerifier.Check] = []
        func add(_ title: String, _ passed: Bool, _ detail: String) {
            checks.append(.init(number: checks.count + 1, title: title, passed: passed, detail: detail))
        }
        let read: (replica: RecordReplica, damage: [Damage])
        do {
            read = try Self.read(bytes)
        } catch {
            add(
                "The list of the file can be read", false, "the damage is in the list at the file's beginning: \(error)"
            )
            return .init(checks: checks)
        }
        let (replica, damage) = read
        let genesis = replica.genesis
        let isExact = !damage.isEmpty || replica.encoded() == bytes
        add(
            "The list of the file can be read", isExact,
            isExact
                ? "\(replica.entries.count + damage.count) records of \(replica.participant)"
                : "further bytes follow the last record")
        add(
            "The ledger is the expected one", expectedLedger.map { $0 == genesis.id } ?? true,
            "\(genesis.name), id \(genesis.id)" + (expectedLedger == nil ? " (compare it with the id you trust)" : ""))
        var heads: [Checkpoint] = []
        do {
            let members = try MemberHistory(genesis, announced: replica.changes)
            heads.append(try Checkpoint.ofQuorum(replica.checkpoint, ledger: genesis.id, members))
            add("The head is signed by a quorum", true, "\(heads[0].size) leaves, root \(heads[0].root)")
        } catch {
            add("The head is signed by a quorum", false, error.message)
        }
        for place in damage {
            add(
                "Record \(place.record) is whole", false, "\(place.transaction), at byte \(place.byte): \(place.detail)"
            )
        }
        for entry in replica.entries {
            let title = "Record \(entry.transaction.hex.prefix(16))… is on the ledger"
            do {
                let content = try entry.content(in: genesis)
                heads.append(content.checkpoint)
                let report = EvidenceVerifier.verify(entry.bundle, expectedLedger: genesis.id)
                let failed = report.checks.first { !$0.passed }
                let statement = content.statement
                add(
                    title, report.passed,
                    failed.map { "\($0.title): \($0.detail)" }
                        ?? "block \(content.height), leaf \(content.leafIndex), by \(statement.issuer): "
                        + "\(statement.operation.contract) \(statement.operation.name), \(statement.subject)")
            } catch {
                add(title, false, error.message)
            }
        }
        let odd = contradiction(heads)
        add(
            "No two heads contradict each other", odd == nil,
            odd.map { "the head of \($0.size) leaves does not fit the others" } ?? "\(heads.count) heads compared")
        return .init(checks: checks)
    }

    /// A head that is further than the first, which was the last to be fetched, or has another root than one of its size.
    private static func contradiction(_ heads: [Checkpoint]) -> Checkpoint? {
        var roots: [UInt64: Hash32] = [:]
        for head in heads {
            if head.size > heads[0].size || roots[head.size].map({ $0 != head.root }) == true { return head }
            roots[head.size] = head.root
        }
        return nil
    }
}
