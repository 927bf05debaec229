import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// HTTP/1.1 as Hummingbird serves it, with a way in front of it for direct routes.
struct DirectChannel: ServerChildChannel {
    private let base: HTTP1Channel
    private let routes: [String: Route]
    private let mailboxes = AnswerMailbox.Group()

    init(responder: @escaping HTTPChannelHandler.Responder, routes: [Route]) {
        base = HTTP1Channel(responder: responder)
        self.routes = Dictionary(
            routes.filter { $0.direct != nil }.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            guard !routes.isEmpty else { return value }
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let handler = DirectHandler(routes: routes, mailbox: mailboxes.mailbox(of: channel.eventLoop))
            try pipeline.addHandler(handler, position: .after(decoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
