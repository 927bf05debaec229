import ContractKit

/// Laws differ in what a notice has to say: a registrar puts a jurisdiction's members on the ledger, and notices that name
/// it are held to them (TR 6.3.4).
extension ChattelContract {
    /// - Parameter arguments: `name`, `title`, `fields`, `longest` in ms. A change holds for notices from then on.
    func setJurisdiction(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try arguments.text("name", maximum: 20)
        let title = try arguments.text("title", maximum: 100)
        let items = try arguments.array("fields", maximum: Jurisdiction.maximumFields)
        let longest = try arguments.unsigned("longest", in: Self.terms)
        try arguments.finish()
        try context.requireRole(MembershipContract.registrar)
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            throw .invalid("name", "printable ASCII without spaces and slashes")
        }
        var fields: [Jurisdiction.Field] = []
        for item in items {
            let field = try Jurisdiction.Field(item)
            guard !fields.contains(where: { $0.name == field.name }) else {
                throw .invalid("fields", "names that differ")
            }
            fields.append(field)
        }
        let before = try context.get(Self.jurisdictions, name)?.version ?? 0
        context.set(
            Self.jurisdictions, name,
            Jurisdiction(title: title, fields: fields, longest: longest, version: before + 1))
        try context.emit("jurisdiction", subject: "jurisdiction:\(name)", [("version", .unsigned(before + 1))])
    }

    /// The law that a statement names, with the members that it has to have; nil where it names none.
    func law(
        _ arguments: inout Arguments, until: UInt64, _ context: ContractContext
    ) throws(ContractError) -> Notice.Law? {
        let name = try arguments.optionalText("jurisdiction", maximum: 20)
        let text = try arguments.optionalBytes("members", maximum: 8 * 1024)
        guard let name else {
            guard text == nil else { throw .invalid("members", "left out without a jurisdiction") }
            return nil
        }
        let jurisdiction = try context.require(Self.jurisdictions, name, "the jurisdiction")
        var members: [Notice.Member] = []
        if let text {
            guard let value = try? Value.decode(text) else { throw .invalid("members", "names and texts in CBOR") }
            members = try Notice.members(value)
        }
        if let flaw = jurisdiction.flaw(in: members, term: until - min(until, context.time)) {
            throw Refusal.law(flaw)
        }
        return Notice.Law(jurisdiction: name, version: jurisdiction.version, members: members)
    }
}
