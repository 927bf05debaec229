import AsyncHTTPClient
import NIOCore

extension HTTPClient {
    /// For lines that may be cut: who says nothing for five seconds is away. It lives as long as the process, as `shared` does.
    public static let impatient = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: .init(timeout: .init(connect: .seconds(3), read: .seconds(5))))
}
