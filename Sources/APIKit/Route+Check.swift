extension Route.Parameter {
    /// Refuses a value that is not what the OpenAPI document says it is.
    func check(_ value: String?) throws {
        guard let value else {
            if isRequired { throw Problem.badRequest("\(name) is missing: \(description)") }
            return
        }
        let isRight =
            switch form {
            case .text: !value.isEmpty
            case .hash: value.utf8.count == 64 && value.allSatisfy { $0.isHexDigit && !$0.isUppercase }
            case .integer(let range): Int64(value).map { range.contains($0) && String($0) == value } ?? false
            case .pattern(let pattern):
                (try? Regex("\(pattern)")).map { value.wholeMatch(of: $0) != nil } ?? false
            }
        guard isRight else { throw Problem.badRequest("\(name) is \(wanted): \(description)") }
    }

    private var wanted: String {
        switch form {
        case .text: "a text"
        case .hash: "32 bytes in hex, lower case"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .pattern(let pattern): "a text like \(pattern)"
        }
    }
}
