import AgriculturalTracingContract
import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

extension TestResult {
    /// A reported result as the ledger holds it, and whether an accreditation covered it when it was reported.
    init(record: IndexedRecord, statement: Statement, platform: Platform) {
        let arguments = statement.operation.arguments
        let scale = pow(10, Double(arguments["decimals"]?.unsigned ?? 0))
        self.init(
            analyte: arguments["analyte"]?.text ?? "", value: Double(arguments["value"]?.unsigned ?? 0) / scale,
            unit: arguments["unit"]?.text ?? "", limit: Double(arguments["limit"]?.unsigned ?? 0) / scale,
            method: arguments["method"]?.text ?? "", laboratory: platform.name(of: record.issuer),
            isCovered: (try? platform.state.get(TracingContract.reports, arguments["report"]?.text ?? ""))?.isCovered
                ?? false,
            recordURL: ExplorerPaths.transaction(record.id.hex, ledger: platform.node.ledger.hex),
            report: arguments["document"]?.hash32.map {
                (DocumentRoutes.address($0.hex), DocumentRoutes.state(of: $0, at: platform))
            })
    }
}
