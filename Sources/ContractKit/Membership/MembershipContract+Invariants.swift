import Ledger

/// What always holds of the register of keys.
extension MembershipContract {
    private static let page = 500

    /// Two ids never share a key: each record lies under its own thumbprint, and names the one owner whom it is listed for.
    var oneOwnerForEachKey: Invariant {
        Invariant("a key belongs to one owner") { state throws(ContractError) in
            var violations: [String] = []
            try Self.forEach(Self.keys, in: state) { kid, record throws(ContractError) in
                if (try? VerifyingKey(coseKey: record.coseKey))?.kid.hex != kid {
                    violations.append("the record \(kid) holds another key")
                }
            }
            return violations
        }
    }

    /// The list of valid keys is the register's, no key more and none less.
    var validKeysAreListed: Invariant {
        Invariant("the valid keys of each owner are listed") { state throws(ContractError) in
            var violations: [String] = []
            var listed = 0
            try Self.forEach(Self.ownerKeys, in: state) { key, from throws(ContractError) in
                listed += 1
                let kid = key.split(separator: "/").last.map(String.init) ?? ""
                let record = try state.get(Self.keys, kid)
                if record == nil || record?.until != nil || record?.from != from
                    || key != "\(record?.owner ?? "")/\(kid)"
                {
                    violations.append("\(key) is listed and not valid")
                }
            }
            var valid = 0
            try Self.forEach(Self.keys, in: state) { _, record throws(ContractError) in
                if record.until == nil { valid += 1 }
            }
            if valid != listed { violations.append("\(valid) keys are valid, \(listed) are listed") }
            return violations
        }
    }

    private static func forEach<Element>(
        _ map: StateMap<Element>, in state: any StateReader,
        _ body: (String, Element) throws(ContractError) -> Void
    ) throws(ContractError) {
        var last: String?
        while true {
            let entries = try state.scan(map, after: last, limit: page)
            for entry in entries { try body(entry.key, entry.value) }
            guard entries.count == page, let end = entries.last else { return }
            last = end.key
        }
    }
}
