import APIKit
import EPCIS
import Foundation
import UseCaseKit

/// What all EPCIS routes have in common on the wire: version headers, paging, problems (EPCIS 2.0 §12).
enum EPCISWire {
    /// As GS1's OpenAPI document names problems; of what is not there it has one name.
    static let problemTypes = [
        400: "epcisException:ValidationException", 401: "epcisException:SecurityException",
        403: "epcisException:SecurityException", 404: "epcisException:NoSuchNameException",
        409: "epcisException:ResourceAlreadyExistsException", 413: "epcisException:CaptureLimitExceededException",
        415: "epcisException:UnsupportedMediaTypeException", 500: "epcisException:ImplementationException",
    ]

    private static let versions = [("GS1-EPCIS-Version", "2.0.0"), ("GS1-CBV-Version", "2.0.0")]

    static let paging: [Route.Parameter] = [
        .init("perPage", in: .query, "1 to 100, 30 unless given", .integer(1...100)),
        .init("nextPageToken", in: .query, "From the Link header of the page before", .pattern("[0-9]{1,18}")),
    ]

    /// Items of a page and where it begins.
    static func page(_ request: APIRequest) throws -> (perPage: Int, start: Int) {
        (
            try request.integer("perPage", default: 30, in: 1...100),
            try request.integer("nextPageToken", default: 0, in: 0...Int.max)
        )
    }

    static func json(_ value: JSONValue, status: Int = 200) -> APIResponse {
        var answer = APIResponse.bytes(value.encoded(), "application/json", status: status)
        answer.headers = versions
        return answer
    }

    /// A page with the address of the next one in `Link` (§12.3).
    static func json(_ value: JSONValue, next: String?, _ request: APIRequest, _ platform: Platform) -> APIResponse {
        var answer = json(value)
        guard let next else { return answer }
        let others = request.query.filter { $0.key != "nextPageToken" }.sorted { $0.key < $1.key }
            .map { "\(escaped($0.key))=\(escaped($0.value))&" }.joined()
        answer.headers.append(
            ("Link", "<\(platform.address)\(request.path)?\(others)nextPageToken=\(next)>; rel=\"next\""))
        return answer
    }

    static func discovery(
        _ path: String, _ summary: String, access: Route.Access, _ headers: [(String, String)] = [],
        parameters: [Route.Parameter] = []
    ) -> Route {
        Route(
            .options, path, summary, tag: "epcis", access: access, parameters: parameters,
            success: (204, "Versions and limits in the headers")
        ) { _ in
            var answer = APIResponse.noContent
            answer.headers =
                versions + headers + [
                    ("GS1-EPCIS-Min", "2.0.0"), ("GS1-EPCIS-Max", "2.0.0"), ("GS1-CBV-Min", "2.0.0"),
                    ("GS1-CBV-Max", "2.0.0"),
                ]
            return answer
        }
    }

    /// What reads EPCIS, with its errors as problems.
    static func checked<Value>(_ body: () throws(EPCISError) -> Value) throws -> Value {
        do { return try body() } catch { throw problem(error) }
    }

    private static func problem(_ error: EPCISError) -> Problem {
        error.code == .query
            ? Problem(400, "epcis-query", error.description, type: "epcisException:QueryParameterException")
            : Problem(400, "epcis-validation", error.description)
    }

    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .urlUnreserved) ?? ""
    }
}

extension CharacterSet {
    fileprivate static let urlUnreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
