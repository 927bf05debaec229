import NIOCore
import NIOHTTP1

/// Answers requests of direct routes on the connection's event loop and passes everything else on to the router.
///
/// Under load a submission costs no task, no thread change, and one write. It stands between the decoder and the server, and keeps the
/// order of answers on a connection: a direct request is taken only when no other is under way, and what a client sends before its answer waits.
final class DirectHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Everything goes on to the server; so many answers are outstanding.
        case passing(outstanding: Int)
        /// The body of a request for a direct route is on its way.
        case collecting(HTTPRequestHead, Route, Route.Direct, ByteBuffer?)
        /// A direct route has the request.
        case answering
    }

    /// What came while an answer was awaited.
    private enum Held {
        case part(NIOAny)
        case event(Any)
        case error(any Error)
    }

    /// By path as it is written.
    private let routes: [String: Route]
    private let mailbox: AnswerMailbox
    private var state = State.passing(outstanding: 0)
    /// The client asked to go on with another protocol (RFC 9110 §7.8), which nothing here speaks. It may be ignored, but the decoder takes no
    /// request behind it: a client that sent one would wait for ever. So the answer is the connection's last, and says so.
    private var endsWithAnswer = false
    private var held: [Held] = []
    /// A read that was asked for while something was held: a client cannot make us hold more than one read brings.
    private var owesRead = false
    /// Where finished answers enter the pipeline: beyond the encoder, since they are bytes already.
    private var encoder: ChannelHandlerContext?

    init(routes: [String: Route], mailbox: AnswerMailbox) {
        self.routes = routes
        self.mailbox = mailbox
    }

    func handlerAdded(context: ChannelHandlerContext) {
        encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        encoder = nil
        held = []
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .answering:
            held.append(.part(data))
        case .passing(let outstanding):
            guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
            let asksForMore = head.headers.contains(name: "upgrade")
            if asksForMore {
                endsWithAnswer = true
                head.headers.remove(name: "upgrade")
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            if outstanding == 0, let route = route(for: head), let direct = route.direct {
                state = .collecting(head, route, direct, nil)
            } else {
                state = .passing(outstanding: outstanding + 1)
                context.fireChannelRead(asksForMore ? wrapInboundOut(.head(head)) : data)
            }
        case .collecting(let head, let route, let direct, let body):
            switch unwrapInboundIn(data) {
            case .body(let part):
                var whole = body ?? ByteBuffer()
                if body == nil { whole = part } else { whole.writeImmutableBuffer(part) }
                state = .collecting(head, route, direct, whole)
            case .end, .head:
                take(head, body ?? ByteBuffer(), direct, context)
            }
        }
    }

    /// The direct route of a request that is as plain as can be; anything unusual goes the general way.
    private func route(for head: HTTPRequestHead) -> Route? {
        guard head.method == .POST, head.version == .http1_1, head.isKeepAlive, let route = routes[head.uri],
            let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length <= route.bodyLimit,
            head.headers.first(name: "content-type") == route.consumes,
            // A token that is not known is an error, which the general way tells.
            !head.headers.contains(name: "expect"), !head.headers.contains(name: "transfer-encoding"),
            !head.headers.contains(name: "authorization")
        else { return nil }
        return route
    }

    private func take(
        _ head: HTTPRequestHead, _ body: ByteBuffer, _ direct: Route.Direct, _ context: ChannelHandlerContext
    ) {
        state = .answering
        let request = DirectRequest(
            body: Array(body.readableBytesView),
            preferredWait: head.headers.first(name: "prefer").flatMap { APIRequest.wait(preferring: $0) })
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let taken = direct(request) { [mailbox] response in
            mailbox.deliver {
                let (handler, context) = bound.value
                handler.answer(response, context)
            }
        }
        guard !taken else { return }
        state = .passing(outstanding: 1)
        context.fireChannelRead(wrapInboundOut(.head(head)))
        if body.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(.body(body))) }
        context.fireChannelRead(wrapInboundOut(.end(nil)))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that has sent all it wants, and a server that is to stop, wait for the answer too.
        if case .answering = state { held.append(.event(event)) } else { context.fireUserInboundEventTriggered(event) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .answering = state { held.append(.error(error)) } else { context.fireErrorCaught(error) }
    }

    func read(context: ChannelHandlerContext) {
        if held.isEmpty { context.read() } else { owesRead = true }
    }

    // MARK: Answers

    private func answer(_ response: APIResponse, _ context: ChannelHandlerContext) {
        guard let encoder, case .answering = state else { return }
        let reason = HTTPResponseStatus(statusCode: response.status).reasonPhrase
        guard let bytes = response.wireBytes(reason: reason, date: HTTPDate.shared.now) else {
            return context.close(promise: nil)
        }
        state = .passing(outstanding: 0)
        encoder.writeAndFlush(NIOAny(IOData.byteBuffer(context.channel.allocator.buffer(bytes: bytes))), promise: nil)
        if !held.isEmpty { release(context) }
    }

    /// Goes on with what was held, up to the next request that makes others wait.
    private func release(_ context: ChannelHandlerContext) {
        let waiting = held
        held = []
        for item in waiting {
            switch item {
            case .part(let data): channelRead(context: context, data: data)
            case .event(let event): userInboundEventTriggered(context: context, event: event)
            case .error(let error): errorCaught(context: context, error: error)
            }
        }
        context.fireChannelReadComplete()
        if held.isEmpty, owesRead {
            owesRead = false
            context.read()
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data), case .passing(let outstanding) = state {
            state = .passing(outstanding: outstanding - 1)
        }
        if endsWithAnswer, case .head(var head) = unwrapOutboundIn(data) {
            head.headers.replaceOrAdd(name: "connection", value: "close")
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        }
        context.write(data, promise: promise)
    }
}
