import APIKit
import Foundation
import Ledger
import SignIn
import UseCaseKit

/// All that lets people and programs in to a node: sessions, passkeys, keys for programs, invitations.
struct AccessDesk: Sendable {
    let sessions: Sessions
    let signIn: SignInRoutes
    let apiKeys: APIKeys
    let invitations: Invitations

    /// - Parameter folder: keeps the lists of passkeys, keys for programs and invitations.
    init(platform: Platform, folder: URL, port: Int, useCases: [any UseCase]) throws {
        let clock: @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1000) }
        let directory = Directory(node: platform.node)
        let challenges = Challenges(clock: clock)
        apiKeys = try APIKeys(file: folder.appending(path: "api-keys.json"), clock: clock)
        invitations = try Invitations(file: folder.appending(path: "invitations.json"), clock: clock)
        sessions = Sessions(port: port, directory: { directory.identity(of: $0) }, keys: apiKeys, clock: clock)
        signIn = SignInRoutes(
            platform: platform, sessions: sessions, challenges: challenges,
            passkeys: try Passkeys(
                file: folder.appending(path: "passkeys.json"), challenges: challenges, clock: clock),
            directory: directory, useCases: useCases, port: port)
    }
}
