import AgriculturalTracingPages
import ContractKit
import Foundation
import Ledger
import PortalKit
import ProjectionKit
import UseCaseKit

extension TestResult {
    /// A reported result as the ledger holds it. It is covered if the agency was vouched for when it reported.
    init(record: IndexedRecord, statement: Statement, platform: Platform) {
        let arguments = statement.operation.arguments
        let scale = pow(10, Double(arguments["decimals"]?.unsigned ?? 0))
        self.init(
            analyte: arguments["analyte"]?.text ?? "", value: Double(arguments["value"]?.unsigned ?? 0) / scale,
            unit: arguments["unit"]?.text ?? "", limit: Double(arguments["limit"]?.unsigned ?? 0) / scale,
            method: arguments["method"]?.text ?? "", laboratory: platform.name(of: record.issuer),
            isCovered: platform.isVouchedFor(record.issuer, height: record.height, time: record.time),
            recordURL: ExplorerPaths.transaction(record.id.hex, ledger: platform.node.ledger.hex))
    }
}
