/// A request as a route sees it that answers on the connection's own thread.
public struct DirectRequest: Sendable {
    public let body: [UInt8]
    /// As ``APIRequest/preferredWait``.
    public let preferredWait: UInt64?
}

extension Route {
    /// Takes a request before a task is made for it.
    ///
    /// It runs on the event loop that serves the connection, so it may compute but neither wait nor read a disk. It returns false, having
    /// done nothing, to leave the request to ``handler``; otherwise it calls its second argument exactly once, from any thread.
    public typealias Direct = @Sendable (DirectRequest, @escaping @Sendable (APIResponse) -> Void) -> Bool

    /// The same route with a direct way for plain requests: its path as it is written, its media type, a body of known length.
    public func answeredDirectly(_ direct: @escaping Direct) -> Route {
        precondition(
            access == .anyone && rate == nil && method == .post, "on the direct way nobody is signed in or limited")
        var route = self
        route.direct = direct
        return route
    }
}
