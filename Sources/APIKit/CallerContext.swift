import Hummingbird
import NIOCore

/// What the server knows of a request beside its bytes: where it came from.
struct CallerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// The address of the caller, without port; "local" where there is none.
    var address: String { channel.remoteAddress?.ipAddress ?? "local" }
}
