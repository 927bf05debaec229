import Ledger

/// Whom and what statements of the built-in contracts are about, beside issuer and subject.
enum PlatformMentions {
    private static let names = [
        "wallet": ["to", "payee", "payer", "account"], "membership": ["id", "urn", "owner", "gateway", "to"],
        "terms": ["issuer", "gateway"],
    ]

    static func names(in statement: Statement) -> [String] {
        let arguments = statement.operation.arguments
        let stream = statement.operation.contract == "telemetry" ? StreamName.owner(of: statement.subject) : nil
        return ((names[statement.operation.contract] ?? []).compactMap { arguments[text: $0]?.text } + [stream])
            .compactMap { $0 }.filter { $0 != statement.subject && $0 != statement.issuer }
    }
}
