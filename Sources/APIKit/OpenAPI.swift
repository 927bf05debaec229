import Foundation

/// The OpenAPI 3.1 description of a route table.
public enum OpenAPI {
    public static func document(for routes: [Route], title: String, version: String) -> [UInt8] {
        var paths: [String: Any] = [:]
        for route in routes where !route.isPage {
            var item = paths[route.path] as? [String: Any] ?? [:]
            item[route.method.rawValue] = operation(route)
            paths[route.path] = item
        }
        let document: [String: Any] = [
            "openapi": "3.1.0",
            "info": [
                "title": title, "version": version, "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "paths": paths,
            "components": [
                "securitySchemes": [
                    "key": [
                        "type": "http", "scheme": "bearer",
                        "description": "An API key, or the token of a sign-in by signing key",
                    ],
                    "session": [
                        "type": "apiKey", "in": "cookie", "name": Sessions.cookieName(port: 8080),
                        "description": "A browser's session; the name ends with the port of the site",
                    ],
                ],
                "schemas": [
                    "Problem": [
                        "type": "object", "required": ["type", "title", "status", "code", "detail"],
                        "description": "RFC 9457 problem details with a stable code",
                        "properties": [
                            "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
                            "code": ["type": "string"],
                            "detail": ["type": "string"],
                        ],
                    ]
                ],
            ],
        ]
        let data = try? JSONSerialization.data(
            withJSONObject: document, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
        return Array(data ?? Data()) + [0x0A]
    }

    private static func schema(_ form: Route.Parameter.Form) -> [String: Any] {
        switch form {
        case .text: ["type": "string", "minLength": 1]
        case .pattern(let pattern): ["type": "string", "pattern": "^(?:\(pattern))$"]
        case .hash: ["type": "string", "pattern": "^[0-9a-f]{64}$"]
        case .integer(let range): ["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound]
        }
    }

    private static func content(_ body: Route.Body?) -> [String: Any] {
        switch body {
        case nil: return ["schema": ["type": "string", "format": "binary"]]
        case .credential:
            return [
                "schema": [
                    "type": "object", "required": ["id", "response"],
                    "properties": [
                        "id": ["type": "string"],
                        "response": [
                            "type": "object", "required": ["clientDataJSON"],
                            "properties": ["clientDataJSON": ["type": "string", "pattern": "^[A-Za-z0-9_-]+$"]],
                        ],
                    ],
                ]
            ]
        case .object(let members):
            return [
                "schema": [
                    "type": "object", "required": members.keys.sorted(), "properties": members.mapValues(schema),
                ]
            ]
        }
    }

    private static func schema(_ member: Route.Body.Member) -> [String: Any] {
        switch member {
        case .text: ["type": "string", "minLength": 1]
        case .texts: ["type": "array", "minItems": 1, "items": ["type": "string"]]
        case .hash: schema(Route.Parameter.Form.hash)
        case .integer(let range): schema(Route.Parameter.Form.integer(range))
        case .boolean: ["type": "boolean"]
        case .choices(let choices):
            ["type": "array", "minItems": 1, "items": ["type": "string", "enum": choices]]
        }
    }

    private static func answer(_ route: Route) -> [String: Any] {
        let schema = route.answer.flatMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) }
        return schema.map { ["schema": $0] } ?? [:]
    }

    private static func operation(_ route: Route) -> [String: Any] {
        var responses: [String: Any] = [
            "\(route.success.status)": [
                "description": route.success.description,
                "content": route.success.status == 204 ? [:] : [route.produces: answer(route)],
            ]
        ]
        var problems = route.problems
        problems[400] = problems[400] ?? "bad-request"
        if route.access != .anyone {
            problems[401] = problems[401] ?? "sign-in-needed"
            problems[403] = problems[403] ?? "role-needed, scope-needed, csrf"
        }
        if route.rate != nil { problems[429] = "too-many-requests" }
        if route.consumes != nil {
            problems[413] = problems[413] ?? "too-large"
            problems[415] = "media-type"
        }
        if !route.parameters.filter({ $0.place == .path }).isEmpty { problems[404] = problems[404] ?? "not-found" }
        for (status, codes) in problems {
            responses["\(status)"] = [
                "description": codes,
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ]
        }
        var operation: [String: Any] = [
            "summary": route.summary, "tags": [route.tag], "responses": responses,
            "operationId": route.method.rawValue
                + route.path.split(whereSeparator: { "/{}-._".contains($0) }).map {
                    $0.prefix(1).uppercased() + $0.dropFirst()
                }.joined(),
        ]
        if !route.parameters.isEmpty {
            operation["parameters"] = route.parameters.map { parameter -> [String: Any] in
                [
                    "name": parameter.name, "in": parameter.place.rawValue, "required": parameter.isRequired,
                    "description": parameter.description, "schema": schema(parameter.form),
                ]
            }
        }
        if route.access != .anyone { operation["security"] = [["key": []], ["session": []]] }
        if let consumes = route.consumes {
            operation["requestBody"] = ["required": true, "content": [consumes: content(route.body)]]
        }
        return operation
    }
}
