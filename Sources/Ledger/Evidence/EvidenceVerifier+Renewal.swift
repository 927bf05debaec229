/// Evidence keeps its force when keys grow old: what today's members sign has the blocks of then in it.
extension EvidenceVerifier {
    mutating func checkRenewal() {
        guard let renewal = bundle.renewal else { return }
        let title = "The members of a later head sign its blocks again"
        guard let head = finalHeader(renewal.head) else { return add(title, false, "the later head is not final") }
        guard renewal.seals.count == bundle.blocks.count else { return add(title, false, "not all of its blocks") }
        let isWhole = zip(bundle.blocks, headers).enumerated().allSatisfy { index, pair in
            pair.1.map { renewal.covers($0, bytes: pair.0.header, at: index, under: head) } ?? false
        }
        add(title, isWhole, "block \(head.height) and its log of \(head.logSize) leaves, \(headers.count) blocks in it")
    }

    /// That the last signatures are those of members that the verifier knows to be there today.
    mutating func checkTrusted() {
        guard let trustedMembers, let members else { return }
        let last = bundle.renewal?.head.header ?? bundle.blocks.last?.header ?? []
        let height = (try? BlockHeader(decoding: last))?.height ?? 0
        let found = members.members(at: height).hash
        add(
            "Its last signatures are those of the members you trust", found == trustedMembers,
            found == trustedMembers
                ? "set \(found.hex) at block \(height)"
                : "set \(found.hex) at block \(height): renew it, with cairn receipt renew")
    }
}
