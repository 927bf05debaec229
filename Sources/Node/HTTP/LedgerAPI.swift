import APIKit
import ContractKit
import Foundation
import KeyService
import Ledger
import LedgerStore
import PortalKit
import ProjectionKit
import Replica
import Synchronization
import UseCaseKit

/// The HTTP interface of one ledger. The routes are grouped in extensions by what they serve.
final class LedgerAPI: Sendable {
    let node: LedgerNode
    let index: RecordIndex
    let platform: Platform
    let quarantine: Quarantine
    /// Event streams that are open.
    let streams = Atomic<Int>(0)

    init(_ platform: Platform, quarantine: Quarantine) {
        self.quarantine = quarantine
        self.platform = platform
        node = platform.node
        index = platform.index
    }

    var routes: [Route] {
        submissionRoutes + transactionRoutes + blockRoutes + memberRoutes + resolutionRoutes + stateRoutes + scittRoutes
            + logRoutes
            + directoryRoutes
            + readingRoutes + eventRoutes
    }

    static let ledgerParameter = Route.Parameter("ledger", in: .path, "Ledger id in hex", .hash)
    static let idParameter = Route.Parameter("id", in: .path, "Transaction id in hex", .hash)

    /// Refuses another ledger's id in the path.
    func requireLedger(_ request: APIRequest) throws {
        guard try request.parameter("ledger") == node.ledger.hex else {
            throw Problem.notFound("ledger with this id on this node")
        }
    }

    func transactionID(_ request: APIRequest) throws -> Hash32 {
        guard let id = Hash32(hex: try request.parameter("id")) else {
            throw Problem.badRequest("a transaction id has 64 hex digits")
        }
        return id
    }

    /// RFC 3339 UTC with milliseconds.
    static func time(_ milliseconds: UInt64) -> String {
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return "\(Moment(milliseconds: Int64(milliseconds)).iso.dropLast()).\(fraction)Z"
    }
}

extension StoreError: ProblemSource {
    public var problem: Problem? { code == .notKept ? Problem(410, code.rawValue, "\(location): \(message)") : nil }
}

extension Problem {
    /// What an error of the ledger means to an HTTP client.
    static func from(_ error: any Error) -> any Error {
        switch error {
        case let error as LedgerError:
            return Problem(error.code == .limit ? 413 : 400, error.code.rawValue, error.message)
        case let error as ReplicaError:
            let status =
                switch error.code {
                case .unknownKey, .signature, .trapped: 403
                case .busy, .stopped, .noQuorum, .diverged, .notMember, .outdated: 503
                case .otherLedger, .notFound: 404
                case .goesOn: 409
                default: 400
                }
            return Problem(status, error.code.rawValue, error.message)
        case let error as KeyServiceError:
            let status =
                switch error.code {
                case .request: 400
                case .wrongKey, .notGranted, .noEncryptionKey: 403
                case .notHosted, .notFound: 404
                case .notRecorded: 503
                case .storage: 500
                }
            return Problem(status, error.code.rawValue, error.message)
        default:
            return error
        }
    }
}
