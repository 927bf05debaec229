import APIKit
import ContractKit
import DeviceKit
import Foundation
import Ledger
import UseCaseKit

/// What gateways ask for, and Thing Descriptions. Only what is FINAL is told: a gateway acts on it.
struct DeviceRoutes: Sendable {
    /// Entries of a list.
    private static let maximumList = 10_000

    let platform: Platform
    let profiles: [String: ThingProfile]

    private static let gateway = Route.Parameter(
        "gateway", in: .query, "The gateway's participant id", isRequired: true)

    var api: [Route] {
        [
            Route(
                .get, "/api/v1/commands", "Commands without an outcome, for a gateway", tag: "devices",
                parameters: [Self.gateway]
            ) { try openCommands($0) },
            Route(
                .get, "/api/v1/devices/{urn}/commands", "Commands to a device, with their outcomes", tag: "devices",
                parameters: [.init("urn", in: .path, "Device URN")], problems: [404: "not-found"]
            ) { try commands($0) },
            Route(
                .get, "/api/v1/rules", "Edge rules in force, for a gateway", tag: "devices",
                parameters: [Self.gateway]
            ) { try rules($0) },
            Route(
                .get, "/api/v1/claims", "Open claims of new devices, for a gateway", tag: "devices",
                parameters: [Self.gateway]
            ) { try claims($0) },
            Route(
                .get, "/api/v1/devices/{urn}/thing", "A device's W3C Thing Description 1.1", tag: "devices",
                parameters: [.init("urn", in: .path, "Device URN")], produces: "application/td+json",
                problems: [404: "not-found", 409: "thing-changed"]
            ) { try thing($0) },
        ]
    }

    private func openCommands(_ request: APIRequest) throws -> APIResponse {
        let gateway = request.query["gateway"] ?? ""
        let final = platform.node.finalHeight
        let open = try platform.state.scan(DevicesContract.open, prefix: "\(gateway)/", limit: Self.maximumList)
            .filter { $0.value <= final }.sorted { $0.value < $1.value }
        return .json([
            "items": try open.compactMap { entry -> [String: Any]? in
                let key = String(entry.key.dropFirst(gateway.count + 1))
                return try platform.state.get(DevicesContract.commands, key).map { Self.json(key, $0) }
            }
        ])
    }

    private func commands(_ request: APIRequest) throws -> APIResponse {
        let urn = try request.parameter("urn")
        guard try platform.state.get(MembershipContract.devices, urn) != nil else {
            throw Problem.notFound("device \(urn)")
        }
        let final = platform.node.finalHeight
        let all = try platform.state.scan(DevicesContract.commands, prefix: "\(urn)/", limit: Self.maximumList)
            .filter { $0.value.height <= final }
        let intervals = try platform.state.scan(DevicesContract.intervals, prefix: "\(urn)/", limit: 64)
        return .json([
            "items": all.map { Self.json($0.key, $0.value) },
            "intervals": intervals.map { key, interval -> [String: Any] in
                [
                    "channel": String(key.dropFirst(urn.count + 1)), "seconds": interval.seconds,
                    "command": interval.command, "since": LedgerAPI.time(interval.since),
                    "inForce": interval.inForce.map { LedgerAPI.time($0) as Any } ?? NSNull(),
                ]
            },
        ])
    }

    private static func json(_ key: String, _ record: CommandRecord) -> [String: Any] {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        return [
            "device": parts.first ?? "", "id": parts.last ?? "", "name": record.name, "by": record.by,
            "arguments": record.arguments.hex, "issued": LedgerAPI.time(record.issued),
            "deadline": LedgerAPI.time(record.deadline), "deadlineMs": record.deadline,
            "transaction": record.transaction.hex,
            "outcome": record.outcome.map { $0.word.rawValue as Any } ?? NSNull(),
            "reply": record.outcome.map { $0.reply.hex as Any } ?? NSNull(),
        ]
    }

    private func rules(_ request: APIRequest) throws -> APIResponse {
        let gateway = request.query["gateway"] ?? ""
        let all = try platform.state.scan(DevicesContract.rules, prefix: "\(gateway)/", limit: Self.maximumList)
        return .json([
            "items": all.map { key, record -> [String: Any] in
                [
                    "owner": String(key.dropFirst(gateway.count + 1)), "version": record.version,
                    "hash": record.hash.hex, "rules": record.rules.hex,
                ]
            }
        ])
    }

    private func claims(_ request: APIRequest) throws -> APIResponse {
        let gateway = request.query["gateway"] ?? ""
        let now = platform.now
        let open = try platform.state.scan(DevicesContract.claims, limit: Self.maximumList)
            .filter { $0.value.gateway == gateway && $0.value.isOpen(at: now) }
        return .json([
            "items": open.map { id, claim -> [String: Any] in
                [
                    "id": id, "owner": claim.owner, "profile": claim.profile,
                    "device": claim.device.map { $0 as Any } ?? NSNull(), "verifier": claim.verifier.hex,
                    "salt": claim.salt.hex, "until": LedgerAPI.time(claim.until),
                ]
            }
        ])
    }

    private func thing(_ request: APIRequest) throws -> APIResponse {
        let urn = try request.parameter("urn")
        guard let device = try platform.state.get(MembershipContract.devices, urn),
            let profile = profiles[device.profile], let name = try? DeviceURN(urn), let recorded = device.thing,
            let gateway = try platform.state.get(MembershipContract.participants, device.gateway)
        else { throw Problem.notFound("Thing Description of \(urn); its profile is no configuration") }
        let description = ThingDescription(
            name, profile: profile, member: gateway.member, gateway: device.gateway)
        guard description.hash == recorded else {
            throw Problem(
                409, "thing-changed",
                "the profile \(device.profile) is another than at enrolment; enrol \(urn) again with the new hash")
        }
        return .bytes(description.json, "application/td+json")
    }
}
