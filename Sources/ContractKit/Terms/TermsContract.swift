import Ledger

/// Terms in words, and who signed them: the text that a party reads is the text whose SHA-256 they sign.
///
/// | operation | by | refused when |
/// |---|---|---|
/// | `publish` | whose terms they are | the version is there; the text is empty, too long or no UTF-8 |
/// | `sign` | a party | the hash is not that of the latest version |
/// | `need` | a registrar | the terms do not exist |
///
/// `need` has a gateway deliver readings of those owners alone who signed certain terms; see
/// ``agrees(_:at:in:)``.
public struct TermsContract: Contract {
    public static let contractName = "terms"
    /// By `<issuer>/<name>/<version>`.
    public static let texts = StateMap<TermsText>(contractName, "texts")
    /// The version that can be signed now, by `<issuer>/<name>`.
    public static let latest = StateMap<String>(contractName, "latest")
    /// What a party signed last, by `<party>/<issuer>/<name>`.
    public static let signatures = StateMap<TermsSignature>(contractName, "signatures")
    /// Terms without which a gateway delivers no readings of an owner, `<issuer>/<name>` by gateway.
    public static let needed = StateMap<String>(contractName, "needed")

    /// Longest text, bytes of UTF-8.
    public static let maximumText = 24 * 1024

    enum Refusal {
        static let otherText = ContractError(
            100, "the hash is not that of the text in force; read the text again and sign what you read")
        static func version(_ latest: String) -> ContractError {
            ContractError(101, "version \(latest) is in force; read and sign that one")
        }
        static let text = ContractError(102, "terms are a text in UTF-8 of 1 to \(maximumText) bytes")
    }

    public let name = contractName
    public let version: UInt64 = 1

    public init() {}

    public func execute(_ operation: Operation, in context: ContractContext) throws(ContractError) {
        var arguments = Arguments(operation.arguments)
        switch operation.name {
        case "publish": try publish(&arguments, context)
        case "sign":
            let issuer = try arguments.text("issuer", maximum: 100)
            let name = try Self.word(&arguments, "name")
            let version = try arguments.text("version", maximum: 20)
            let hash = try arguments.hash("hash")
            try arguments.finish()
            try Self.sign(name, of: issuer, version: version, hash: hash, in: context)
        case "need": try need(&arguments, context)
        default: throw .unknownOperation(operation.name)
        }
    }

    private func publish(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        let name = try Self.word(&arguments, "name")
        let version = try Self.word(&arguments, "version")
        let title = try arguments.text("title", maximum: 200)
        let text = try arguments.bytes("text", maximum: Self.maximumText)
        try arguments.finish()
        guard let words = String(validating: text, as: UTF8.self), !words.isEmpty else { throw Refusal.text }
        let terms = "\(context.sender.id)/\(name)"
        guard try context.get(Self.texts, "\(terms)/\(version)") == nil else { throw .exists("version \(version)") }
        let hash = Hash32.sha256(text)
        context.set(
            Self.texts, "\(terms)/\(version)",
            TermsText(title: title, text: words, hash: hash, publishedAt: context.time))
        context.set(Self.latest, terms, version)
        try context.emit("published", subject: terms, [("version", .text(version)), ("hash", .hash(hash))])
    }

    private func need(_ arguments: inout Arguments, _ context: ContractContext) throws(ContractError) {
        try context.requireRole(MembershipContract.registrar)
        let gateway = try arguments.text("gateway", maximum: 100)
        let issuer = try arguments.text("issuer", maximum: 100)
        let name = try Self.word(&arguments, "name")
        try arguments.finish()
        try context.requireEntry(MembershipContract.participants, gateway, "the gateway")
        try context.requireEntry(Self.latest, "\(issuer)/\(name)", "the terms")
        context.set(Self.needed, gateway, "\(issuer)/\(name)")
    }

    /// A part of a key: small letters, digits, dash and dot.
    private static func word(_ arguments: inout Arguments, _ name: String) throws(ContractError) -> String {
        let word = try arguments.text(name, maximum: 40)
        guard
            word.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E].contains($0)
            }
            )
        else { throw .invalid(name, "small letters, digits, - and .") }
        return word
    }

    // MARK: For other contracts

    /// The sender signs the version in force, by the hash of the text that it read.
    public static func sign(
        _ name: String, of issuer: String, version: String, hash: Hash32, in context: ContractContext
    ) throws(ContractError) {
        let terms = "\(issuer)/\(name)"
        let current = try context.require(Self.latest, terms, "the terms")
        guard version == current else { throw Refusal.version(current) }
        let text = try context.require(Self.texts, "\(terms)/\(version)", "the text")
        guard text.hash == hash else { throw Refusal.otherText }
        context.set(
            signatures, "\(context.sender.id)/\(terms)",
            TermsSignature(
                version: version, hash: hash, signedAt: context.time, signer: context.sender.signer,
                transaction: context.transaction))
        try context.emit(
            "signed", subject: context.sender.id,
            [("terms", .text(terms)), ("version", .text(version)), ("hash", .hash(hash))], of: contractName)
    }

    /// Whether a party has signed some version of these terms.
    public static func isSigned(
        _ name: String, of issuer: String, by party: String, in state: some StateReader
    ) throws(ContractError) -> Bool {
        try state.value(signatures.key("\(party)/\(issuer)/\(name)")) != nil
    }

    /// Whether readings of this owner may pass a gateway.
    public static func agrees(
        _ owner: String, at gateway: String, in state: some StateReader
    ) throws(ContractError) -> Bool {
        guard let terms = try state.get(needed, gateway) else { return true }
        return try state.value(signatures.key("\(owner)/\(terms)")) != nil
    }
}
