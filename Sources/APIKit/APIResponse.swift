import Foundation

/// An answer: a body that is there, or one that is written as it comes.
public struct APIResponse: Sendable {
    public typealias Writer = @Sendable ([UInt8]) async throws -> Void

    public enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece until the function returns; for server-sent events.
        case stream(@Sendable (@escaping Writer) async throws -> Void)
    }

    public var status: Int
    public var contentType: String
    public var headers: [(name: String, value: String)]
    public var body: Body

    public init(
        status: Int = 200, contentType: String, headers: [(name: String, value: String)] = [], body: Body
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    public static func bytes(_ bytes: [UInt8], _ contentType: String, status: Int = 200) -> APIResponse {
        APIResponse(status: status, contentType: contentType, body: .bytes(bytes))
    }

    public static func text(_ text: String, _ contentType: String = "text/plain; charset=utf-8") -> APIResponse {
        bytes(Array(text.utf8), contentType)
    }

    public static func html(_ page: String, status: Int = 200) -> APIResponse {
        bytes(Array(page.utf8), "text/html; charset=utf-8", status: status)
    }

    /// A JSON object of strings, numbers, booleans, arrays and objects, keys in order.
    public static func json(_ object: [String: Any], status: Int = 200) -> APIResponse {
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return bytes(Array(data ?? Data("{}".utf8)), "application/json", status: status)
    }

    public static let noContent = APIResponse(status: 204, contentType: "", body: .bytes([]))

    public static func redirect(to location: String) -> APIResponse {
        APIResponse(status: 303, contentType: "text/plain", headers: [("Location", location)], body: .bytes([]))
    }
}
