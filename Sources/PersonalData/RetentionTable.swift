import ContractKit
import Foundation

/// How long personal data of each class is kept, why, and by which law: data, so that an operator can change it without
/// a programmer (TR, 6.1.4).
public struct RetentionTable: Sendable {
    /// A line of the table.
    public struct Rule: Sendable, Hashable, Decodable {
        public let `class`: String
        /// What it is used for; a person's pseudonym is another for each purpose.
        public let purpose: String
        public let title: String
        /// How long it is kept, days of 24 hours.
        public let days: UInt64
        public let why: String
        public let law: String

        /// The same, ms.
        public var milliseconds: UInt64 { days * 86_400_000 }
    }

    public let rules: [Rule]

    /// Environment variable that names a file with another table.
    public static let variable = "CAIRN_RETENTION_FILE"

    /// The table that `CAIRN_RETENTION_FILE` names, or the one that comes with the program.
    ///
    /// - Throws: ``PersonalDataError`` with `storage` where it cannot be read or has a period that the contract refuses.
    public static func standard() throws(PersonalDataError) -> RetentionTable {
        let named = ProcessInfo.processInfo.environment[variable].map { URL(filePath: $0) }
        guard let file = named ?? Bundle.module.url(forResource: "retention", withExtension: "json") else {
            throw PersonalDataError(.storage, "the retention table is missing; build the program anew")
        }
        do {
            return try RetentionTable(decoding: try Data(contentsOf: file))
        } catch let error as PersonalDataError {
            throw error
        } catch {
            throw PersonalDataError(.storage, "the retention table \(file.lastPathComponent) does not read: \(error)")
        }
    }

    init(decoding json: Data) throws {
        rules = try JSONDecoder().decode([Rule].self, from: json)
        for rule in rules where !(1...PersonalContract.longestRetention / 86_400_000).contains(rule.days) {
            throw PersonalDataError(.storage, "the class \(rule.class) has a period that the ledger does not take")
        }
    }

    /// - Throws: ``PersonalDataError`` with `unknownClass`.
    public func rule(_ dataClass: String) throws(PersonalDataError) -> Rule {
        guard let rule = rules.first(where: { $0.class == dataClass }) else {
            let known = rules.map(\.class).joined(separator: ", ")
            throw PersonalDataError(.unknownClass, "there is no such class; choose one of \(known)")
        }
        return rule
    }
}
