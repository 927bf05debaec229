import APIKit
import Foundation

/// Fields of a form, read with a message that says what is wrong.
public struct FormInput: Sendable {
    private let fields: [String: String]

    public init(_ fields: [String: String]) {
        self.fields = fields
    }

    /// A field as it came; nil where the form has none.
    public subscript(_ name: String) -> String? { fields[name] }

    public func text(_ name: String) throws -> String {
        guard let value = fields[name]?.trimmingCharacters(in: .whitespaces), !value.isEmpty else {
            throw Problem.badRequest("fill in \(name)")
        }
        return value
    }

    public func optional(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A number of at least 0 times a power of ten, as an integer.
    public func scaled(_ name: String, by factor: Double) throws -> UInt64 {
        guard let value = Double(try text(name)), value >= 0, value * factor < 1e15 else {
            throw Problem.badRequest("\(name) is a number of at least 0")
        }
        return UInt64((value * factor).rounded())
    }

    /// A number with sign, in hundredths.
    public func hundredths(_ name: String) throws -> Int64 {
        guard let value = Double(try text(name)), abs(value) < 1000 else {
            throw Problem.badRequest("\(name) is a number")
        }
        return Int64((value * 100).rounded())
    }

    /// A calendar day as yyyy-mm-dd: its start at UTC, ms since 1970, and YYMMDD.
    public func day(_ name: String) throws -> (milliseconds: UInt64, yymmdd: String) {
        let value = try text(name)
        guard let date = try? Date(value, strategy: .iso8601.year().month().day()), date.timeIntervalSince1970 > 0
        else {
            throw Problem.badRequest("\(name) is a day, yyyy-mm-dd")
        }
        let digits = value.filter(\.isNumber)
        return (UInt64(date.timeIntervalSince1970 * 1000), String(digits.suffix(6)))
    }
}
