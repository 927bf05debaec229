import APIKit
import ContractKit
import DeviceKit
import Foundation
import Gateway
import KeyService
import Ledger
import PortalKit
import UseCaseKit

/// The page of devices and its forms: what an owner asks of devices, and what a registrar has to decide.
struct DevicePages: Sendable {
    static let tag = "devices"
    /// Devices shown.
    private static let maximumRows = 500
    /// Intervals without a reading after which a device is marked stale.
    static let missedIntervals = 3.0
    /// Days that a claim can be used.
    private static let claimDays: UInt64 = 7

    let platform: Platform
    let profiles: [String: ThingProfile]
    let quarantine: Quarantine
    let certificates: CertificateBoard

    var pages: [Route] {
        [
            Route(.get, "/devices", "Devices", tag: Self.tag, produces: "text/html") { try page($0, newClaim: nil) },
            form("/devices/intervals", "Set a sampling interval") { try await setInterval($0) },
            form("/devices/commands", "Command a device") { try await command($0) },
            form("/devices/revocations", "Revoke a device") { try await revoke($0) },
            form("/devices/rules", "Record edge rules") { try await rules($0) },
            form("/devices/claims", "Make a claim for a new device") { try await claim($0) },
            form("/devices/enrolments", "Enrol a device that came in by a claim", registrar: true) {
                try await enrol($0)
            },
            form("/devices/gateways", "Decide on a gateway in quarantine", registrar: true) {
                try await decide($0)
            },
        ]
    }

    private func form(
        _ path: String, _ summary: String, registrar: Bool = false,
        _ handler: @escaping @Sendable (APIRequest) async throws -> APIResponse
    ) -> Route {
        Route(
            .post, path, summary, tag: Self.tag,
            access: registrar ? .role(MembershipContract.registrar) : .signedIn,
            consumes: Route.formContentType, produces: "text/html", handler: handler)
    }

    // MARK: The page

    private func page(_ request: APIRequest, newClaim: String?) throws -> APIResponse {
        let session = try request.requireSession()
        let devices = try platform.state.scan(MembershipContract.devices, limit: Self.maximumRows)
        let isRegistrar = session.roles.contains(MembershipContract.registrar)
        let claims = isRegistrar ? try platform.state.scan(DevicesContract.claims, limit: Self.maximumRows) : []
        let now = Date()
        // Streams are sealed: ages are those of the readings that the visitor may read.
        let readings = try platform.readings(for: session)
        return try platform.page(
            DevicesPage(
                ledgerID: platform.node.ledger.hex, devices: try devices.map { try row($0.key, $0.value, readings) },
                isRegistrar: isRegistrar, ownsDevices: !isRegistrar,
                claimed: try claims.filter { try isWaiting($0.value) }.map { id, claim in
                    .init(
                        id: id, title: claim.use?.device ?? "",
                        detail: "\(claim.profile) of \(platform.name(of: claim.owner)), key generation "
                            + "\(claim.use?.generation ?? 0), through \(claim.gateway)")
                },
                gateways: isRegistrar
                    ? quarantine.entries.filter { !$0.isRefused }.map {
                        .init(
                            id: $0.kid.hex, title: $0.issuer,
                            detail: "says so itself; sent \($0.count) times since "
                                + "\(Moment(milliseconds: Int64($0.first.timeIntervalSince1970 * 1000)).text); "
                                + "its key \($0.kid.hex) is not on the ledger.")
                    } : [],
                certificates: certificates.certificates.map {
                    .init(name: $0.name, daysLeft: Int((Double($0.until) - now.timeIntervalSince1970) / 86_400))
                }, newClaim: newClaim, csrfToken: session.formToken), session)
    }

    private func isWaiting(_ claim: ClaimRecord) throws -> Bool {
        guard let use = claim.use else { return false }
        let known = try platform.state.get(MembershipContract.devices, use.device)
        return (known?.generation ?? 0) < use.generation
    }

    private func row(
        _ urn: String, _ device: DeviceRecord, _ readings: Readings
    ) throws -> DevicesPage.Device {
        let intervals = try platform.state.scan(DevicesContract.intervals, prefix: "\(urn)/", limit: 64)
        let interval = intervals.map { Double($0.value.seconds) }.max() ?? profiles[device.profile]?.interval
        let last = try readings.latestReadings(device: urn).map(\.time).max()
        let age = last.map { max(0, Double(platform.now) - Double($0)) / 1000 }
        let isStale = age.map { $0 > (interval ?? 60) * Self.missedIntervals } ?? true
        let isRevoked = device.revokedAt != nil
        return DevicesPage.Device(
            urn: urn, profile: device.profile, owner: platform.name(of: device.owner),
            state: isRevoked ? "revoked" : age == nil ? "nothing to read" : isStale ? "stale" : "reporting",
            isGood: !isRevoked && (age == nil || !isStale), age: age.map(AgeWords.words) ?? "–",
            interval: interval.map { "\(Int($0)) s" } ?? "by its kind")
    }

    // MARK: What an owner asks for

    private func field(_ name: String, _ request: APIRequest, maximum: Int = 400) throws -> String {
        guard let text = request.form[name]?.trimmingCharacters(in: .whitespaces), !text.isEmpty,
            text.utf8.count <= maximum
        else { throw Problem.badRequest("\(name) is missing or too long") }
        return text
    }

    private func number(_ name: String, _ request: APIRequest) throws -> UInt64 {
        guard let number = UInt64(try field(name, request)), number <= UInt64(Int64.max) else {
            throw Problem.badRequest("\(name) is a whole number")
        }
        return number
    }

    private func perform(
        _ contract: String, _ name: String, _ arguments: [(String, CBOR)], about subject: String,
        _ request: APIRequest
    ) async throws -> APIResponse {
        let done = try await platform.perform(
            Ledger.Operation(contract, name, arguments), as: try request.requireSession().signer, about: subject)
        if let refusal = Problem.rejected(done.outcome) { throw refusal }
        return .redirect(to: "/devices")
    }

    private func setInterval(_ request: APIRequest) async throws -> APIResponse {
        let device = try field("device", request)
        return try await perform(
            "devices", "setInterval",
            [
                ("device", .text(device)), ("channel", .text(try field("channel", request))),
                ("seconds", .unsigned(try number("seconds", request))),
            ], about: device, request)
    }

    private func command(_ request: APIRequest) async throws -> APIResponse {
        let device = try field("device", request)
        let id = "page-\((0..<8).map { _ in UInt8.random(in: 0...255) }.hex)"
        return try await perform(
            "devices", "command",
            [
                ("id", .text(id)), ("device", .text(device)), ("name", .text(try field("name", request))),
                ("arguments", .bytes(Bytes(try field("arguments", request, maximum: 1024).utf8))),
                ("timeout", .unsigned(try number("timeout", request))),
            ], about: device, request)
    }

    private func revoke(_ request: APIRequest) async throws -> APIResponse {
        let device = try field("device", request)
        return try await perform(
            "membership", "revokeDevice",
            [("urn", .text(device)), ("reason", .text(try field("reason", request, maximum: 140)))], about: device,
            request)
    }

    private func rules(_ request: APIRequest) async throws -> APIResponse {
        let gateway = try field("gateway", request)
        let text = Bytes(try field("rules", request, maximum: DevicesContract.maximumRules).utf8)
        do {
            _ = try RuleSet(json: text)
        } catch {
            throw Problem(422, "rules", error.message)
        }
        return try await perform(
            "devices", "rules",
            [("gateway", .text(gateway)), ("hash", .hash(Hash32.sha256(text))), ("rules", .bytes(text))],
            about: gateway, request)
    }

    private func claim(_ request: APIRequest) async throws -> APIResponse {
        let gateway = try field("gateway", request)
        let claim = ClaimCode.random()
        _ = try await perform(
            "devices", "claim",
            claim.arguments
                + [
                    ("gateway", .text(gateway)), ("profile", .text(try field("profile", request, maximum: 100))),
                    ("device", .null), ("until", .unsigned(platform.now + Self.claimDays * 86_400_000)),
                ], about: claim.id, request)
        return try page(request, newClaim: claim.text)
    }

    // MARK: What a registrar decides

    private func enrol(_ request: APIRequest) async throws -> APIResponse {
        let id = try field("claim", request)
        guard let claim = try platform.state.get(DevicesContract.claims, id), let use = claim.use,
            let urn = try? DeviceURN(use.device),
            let gateway = try platform.state.get(MembershipContract.participants, claim.gateway)
        else { throw Problem.notFound("used claim \(id)") }
        let thing = profiles[claim.profile].map {
            ThingDescription(urn, profile: $0, member: gateway.member, gateway: claim.gateway).hash
        }
        return try await perform(
            "membership", "enrolDevice",
            [
                ("urn", .text(use.device)), ("owner", .text(claim.owner)), ("gateway", .text(claim.gateway)),
                ("profile", .text(claim.profile)), ("generation", .unsigned(use.generation)),
                ("key", .bytes(use.key)), ("thing", thing.map { .hash($0) } ?? .null),
            ], about: use.device, request)
    }

    private func decide(_ request: APIRequest) async throws -> APIResponse {
        guard let kid = Hash32(hex: try field("kid", request)), let entry = quarantine.entry(kid) else {
            throw Problem.notFound("gateway with this key in quarantine")
        }
        guard request.form["answer"] == "approve" else {
            quarantine.refuse(kid)
            return .redirect(to: "/devices")
        }
        let response = try await perform(
            "membership", "enrolParticipant",
            [
                ("id", .text(entry.issuer)), ("member", .text(try field("member", request))),
                ("name", .text(try field("name", request))), ("roles", .array([.text(MembershipContract.gateway)])),
                ("validUntil", .null), ("key", .bytes(entry.coseKey)),
            ], about: entry.issuer, request)
        quarantine.remove(kid)
        return response
    }
}

/// How long ago something was, in words.
enum AgeWords {
    /// - Parameter seconds: not negative.
    static func words(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: "\((seconds * 10).rounded() / 10) s"
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86_400)) days"
        }
    }
}
