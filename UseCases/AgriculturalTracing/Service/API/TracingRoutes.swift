import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The public side: the consumer's page at a GS1 Digital Link, and the evidence of a box.
struct TracingRoutes: Sendable {
    private static let code = Route.Parameter(
        "code", in: .query, "01/{GTIN}/10/{lot}/21/{serial}",
        .pattern("01/[0-9]{14}/10/[0-9A-Za-z-]{1,20}/21/[0-9A-Za-z-]{1,20}"), isRequired: true)

    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .get, "/01/{gtin}/10/{lot}/21/{serial}", "Consumer's page of a box (GS1 Digital Link)",
                tag: "agricultural-tracing", access: .anyone, produces: "text/html"
            ) { request in
                let page = try self.page(
                    gtin: request.parameter("gtin"), lot: request.parameter("lot"), serial: request.parameter("serial"),
                    session: request.session)
                return try platform.page(page, request.session, status: page.record == nil ? 404 : 200)
            },
            Route(
                .get, "/api/v1/evidence/box", "All records of a box with their proofs", tag: "agricultural-tracing",
                access: .anyone,
                parameters: [Self.code],
                produces: EvidenceBundle.contentType, problems: [404: "not-found"]
            ) { request in
                guard let text = request.query["code"], text.hasPrefix("01/") else {
                    throw Problem.badRequest("code is 01/{GTIN}/10/{lot}/21/{serial}, percent-encoded")
                }
                guard let code = try? ProductCode(path: text), let trace = try BoxTrace(code, on: platform) else {
                    throw Problem.notFound("box with this code")
                }
                return .bytes(try await trace.evidence(on: platform).encoded(), EvidenceBundle.contentType)
            },
            Route(
                .get, "/api/v1/tracing/temperatures", "Rooms that a box was in, and what was measured there meanwhile",
                tag: "agricultural-tracing", access: .anyone, parameters: [Self.code],
                problems: [404: "not-found"]
            ) { request in
                guard let code = try? ProductCode(path: request.query["code"] ?? ""),
                    let trace = try BoxTrace(code, on: platform)
                else { throw Problem.notFound("box with this code") }
                let stays = BoxStays(records: trace.records, isLive: trace.box != nil)
                let measured = try stays.temperatures(on: platform, for: platform.readings(for: request.session))
                return .json([
                    "stays": stays.stays.map { stay in
                        [
                            "room": stay.room, "from": stay.from, "to": stay.to.map { $0 as Any } ?? NSNull(),
                            "devices": measured.filter { $0.stay == stay }.map { found in
                                [
                                    "device": found.device,
                                    "readings": found.readings.map { ["time": $0.time, "value": $0.value] },
                                ]
                            },
                        ]
                    }
                ])
            },
        ]
    }

    private func page(gtin: String, lot: String, serial: String, session: Session?) throws -> BoxPage {
        let shown = BoxPageModel.ProductCodePage(gtin: gtin, lot: lot, serial: serial)
        guard let code = try? ProductCode(gtin: gtin, lot: lot, serial: serial),
            let trace = try BoxTrace(code, on: platform)
        else { return BoxPageModel.unknown(shown, address: platform.address) }
        return try BoxPageModel(trace: trace, platform: platform, session: session).page()
    }
}
