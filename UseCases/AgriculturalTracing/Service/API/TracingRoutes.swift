import APIKit
import AgriculturalTracingContract
import AgriculturalTracingPages
import Foundation
import Ledger
import PortalKit
import UseCaseKit

/// The public side: the consumer's page at a GS1 Digital Link, and the evidence of a box.
struct TracingRoutes: Sendable {
    let platform: Platform

    var routes: [Route] {
        [
            Route(
                .get, "/01/{gtin}/10/{lot}/21/{serial}", "Consumer's page of a box (GS1 Digital Link)",
                tag: "agricultural-tracing", access: .anyone, produces: "text/html"
            ) { request in
                let page = try self.page(
                    gtin: request.parameter("gtin"), lot: request.parameter("lot"), serial: request.parameter("serial"),
                    isSignedIn: request.session != nil)
                return try platform.page(page, request.session, status: page.record == nil ? 404 : 200)
            },
            Route(
                .get, "/api/v1/evidence/box", "All records of a box with their proofs", tag: "agricultural-tracing",
                access: .anyone,
                parameters: [
                    .init(
                        "code", in: .query, "01/{GTIN}/10/{lot}/21/{serial}",
                        .pattern("01/[0-9]{14}/10/[0-9A-Za-z-]{1,20}/21/[0-9A-Za-z-]{1,20}"), isRequired: true)
                ],
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
        ]
    }

    private func page(gtin: String, lot: String, serial: String, isSignedIn: Bool) throws -> BoxPage {
        let shown = BoxPageModel.ProductCodePage(gtin: gtin, lot: lot, serial: serial)
        guard let code = try? ProductCode(gtin: gtin, lot: lot, serial: serial),
            let trace = try BoxTrace(code, on: platform)
        else { return BoxPageModel.unknown(shown, address: platform.address) }
        return try BoxPageModel(trace: trace, platform: platform, isSignedIn: isSignedIn).page()
    }
}
