import Foundation
import HTTPTypes

/// A request as a route's handler sees it: path and query decoded, body collected.
public struct APIRequest: Sendable {
    public let method: String
    /// The raw path, percent-encoded as it came.
    public let path: String
    public let parameters: [String: String]
    public let query: [String: String]
    public let body: [UInt8]
    public let headers: Headers
    /// Who is signed in; nil for nobody.
    public let session: Session?

    /// Header fields, by name in lower case.
    public struct Headers: Sendable {
        let fields: HTTPFields

        public subscript(name: String) -> String? { HTTPField.Name(name).flatMap { fields[$0] } }
    }

    init(
        method: String, path: String, parameters: [String: String], query: [String: String], body: [UInt8],
        headers: Headers, host: String, session: Session?
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.query = query
        self.body = body
        self.headers = headers
        self.host = host.lowercased()
        self.session = session
    }

    /// A path parameter; the route's pattern names it.
    public func parameter(_ name: String) throws -> String {
        guard let value = parameters[name] else { throw Problem.badRequest("the path lacks \(name)") }
        return value
    }

    /// An integer from the query within bounds.
    public func integer(_ name: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = query[name] else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.badRequest("\(name) is an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// How long a client is ready to wait, from `Prefer: wait=SECONDS` (RFC 7240 §4.3), at most a minute; in ms.
    public var preferredWait: UInt64? {
        headers["prefer"].flatMap { Self.wait(preferring: $0) }
    }

    static func wait(preferring preferences: String) -> UInt64? {
        for preference in preferences.split(separator: ",") {
            let text = preference.drop { $0 == " " }
            guard text.hasPrefix("wait=") else { continue }
            return UInt64(text.dropFirst(5).prefix { $0.isNumber }).map { min($0, 60) * 1000 }
        }
        return nil
    }

    /// Host and port that the client asked, lower case (RFC 9110 §7.2).
    public let host: String

    /// The session, or a refusal where there is none.
    public func requireSession() throws -> Session {
        guard let session else { throw Problem.signInNeeded }
        return session
    }

    /// The JSON body as a value.
    public func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch let problem as Problem {
            throw problem
        } catch DecodingError.keyNotFound(let key, _) {
            throw Problem.badRequest("the body lacks \(key.stringValue)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw Problem.badRequest("\(path.isEmpty ? "the body" : path) is of another type than it should be")
        } catch {
            throw Problem.badRequest("the body is not the JSON that was asked for")
        }
    }

    /// The fields of an `application/x-www-form-urlencoded` body.
    public var form: [String: String] {
        var fields: [String: String] = [:]
        for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map {
                $0.replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? ""
            }
            if decoded.count == 2 { fields[decoded[0]] = decoded[1] }
        }
        return fields
    }
}
