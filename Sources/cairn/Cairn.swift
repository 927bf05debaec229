import ArgumentParser
import Foundation
import Logging
import Observability

@main
struct Cairn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairn",
        abstract: "A permissioned ledger for things that sensors see.",
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, NodeCommand.self, NetworkCommand.self, LedgerCommand.self, ScenarioCommand.self,
            GatewayCommand.self, SimulateCommand.self, ReceiptCommand.self, ReplicaCommand.self,
            ParticipantCommand.self, MemberCommand.self, WalletCommand.self, DeviceCommand.self, AuditCommand.self,
            BackupCommand.self,
            BenchCommand.self,
            ConfigCommand.self,
        ])

    static func main() async {
        LoggingSystem.bootstrap { JSONLogHandler(label: $0) }
        // Standard output may be a pipe whose reader has gone.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var async = command as? any AsyncParsableCommand { try await async.run() } else { try command.run() }
        } catch let failure as Failure {
            FileHandle.standardError.write(Data("cairn: \(failure.message)\n".utf8))
            Foundation.exit(failure.code.rawValue)
        } catch  where error is CleanExit || error is ValidationError || exitCode(for: error) != .failure {
            exit(withError: error)
        } catch {
            FileHandle.standardError.write(Data("cairn: \(error)\n".utf8))
            Foundation.exit(Failure.Code.failed.rawValue)
        }
    }
}

/// A failure with its exit code.
struct Failure: Error {
    enum Code: Int32 {
        case failed = 1
        case notFound = 3
        case unreachable = 8
        case verificationFailed = 9
        case usage = 64
        case configuration = 78
    }

    let code: Code
    /// What happened, why, and what to do.
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

enum Output: String, ExpressibleByArgument, CaseIterable {
    case table, json
}
