import Inference
import NIOCore
import NIOHTTP1
import NIOPosix

/// What all connections of one event loop share. Confined to that loop.
final class GatewayLoop {
    let routes: RouteTable
    let upstreams: UpstreamPool
    private var handlers: [ObjectIdentifier: GatewayHandler] = [:]

    init(routes: RouteTable, loop: any EventLoop) {
        self.routes = routes
        upstreams = UpstreamPool(loop: loop)
    }

    func add(_ handler: GatewayHandler) { handlers[ObjectIdentifier(handler)] = handler }
    func remove(_ handler: GatewayHandler) { handlers[ObjectIdentifier(handler)] = nil }

    /// Once a second: deadlines of all connections. One timer instead of one per request.
    func tick() {
        let now = NIODeadline.now()
        for handler in handlers.values { handler.tick(now) }
        upstreams.sweep()
    }

    /// Closes connections without a request, and the others after their answer.
    func drain() {
        for handler in handlers.values { handler.drain() }
    }
}

/// One client's connection: reads a request, sends it to a replica on the same event loop, and
/// writes the answer. The answer is kept until it is whole, so that a request whose replica dies can
/// be sent to another one: inference changes nothing, so asking twice is harmless.
final class GatewayHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Exchange {
        let name: String
        let version: String?
        let request: UpstreamRequest
        let deadline: NIODeadline
        var replica: Replica?
        var connection: UpstreamConnection?
        var isRetry = false
        /// Tells the callbacks of an abandoned exchange from those of this one.
        let number: Int
    }

    private let shared: GatewayLoop
    private let clock: ConnectionClock
    private let traffic: Traffic
    private let opened: Traffic
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private var refused = false
    private var draining = false
    private var exchange: Exchange?
    private var exchanges = 0

    /// - Parameters:
    ///   - traffic: counts requests in flight.
    ///   - opened: counts connections.
    init(shared: GatewayLoop, clock: ConnectionClock, traffic: Traffic, opened: Traffic) {
        self.shared = shared
        self.clock = clock
        self.traffic = traffic
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        opened.begin()
        shared.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        opened.end()
        shared.remove(self)
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(context, head)
        case .body(var part):
            guard !refused else { return }
            guard (body?.readableBytes ?? 0) + part.readableBytes <= ServingLimits.bodyBytes else {
                return refuse(context)
            }
            if body == nil { body = part } else { body?.writeBuffer(&part) }
        case .end:
            guard !refused else { return context.close(promise: nil) }
            clock.enter(.answering)
            traffic.begin()
            answer(context)
        }
    }

    private func begin(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        clock.enter(.body)
        self.head = head
        body = nil
        if let text = head.headers.first(name: "content-length"), let length = Int(text),
            length > ServingLimits.bodyBytes
        {
            return refuse(context)
        }
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
        }
    }

    /// Answers 413 at once, and reads the rest of the body without keeping it, until it ends or the
    /// clock runs out: to close at once would lose the answer on its way.
    private func refuse(_ context: ChannelHandlerContext) {
        refused = true
        body = nil
        let reply = HTTPReply(ServingError.bodyTooLarge(limitBytes: ServingLimits.bodyBytes))
        context.write(wrapOutboundOut(.head(reply.head(keepAlive: false))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(reply.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    // MARK: Answering

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        let content = body
        body = nil
        let path = V2Path(head.uri)
        if FeatureEndpoint.isPath(head.uri) { return features(context, head.method, content) }
        if case .model(let name, let version, let action) = path {
            let wanted: HTTPMethod = action == .infer ? .POST : .GET
            guard head.method == wanted || (wanted == .GET && head.method == .HEAD) else {
                return finish(
                    HTTPReply(
                        ServingError.methodNotAllowed(
                            method: head.method.rawValue, allowed: wanted.rawValue)))
            }
            if action == .ready { return finish(readiness(name, version)) }
            // The path without version and query, which were looked at here.
            let uri = action == .infer ? "/v2/models/\(name)/infer" : "/v2/models/\(name)"
            exchanges += 1
            exchange = Exchange(
                name: name, version: version,
                request: UpstreamRequest(
                    method: wanted, uri: uri, body: wanted == .POST ? content ?? ByteBuffer() : nil),
                deadline: .now() + .seconds(ServingLimits.answerSeconds), number: exchanges)
            return forward(excluding: nil)
        }
        guard head.method == .GET || head.method == .HEAD || path == nil else {
            let method = head.method.rawValue
            return finish(
                HTTPReply(ServingError.methodNotAllowed(method: method, allowed: "GET")))
        }
        switch path {
        case .root: finish(.welcome)
        case .server: finish(.server)
        case .live: finish(.health(ready: true))
        case .ready: finish(.health(ready: shared.routes.isReady))
        default:
            finish(HTTPReply(ServingError.notFound(path: String(head.uri.prefix(200)))))
        }
    }

    /// Answers for online features, without an instance.
    private func features(
        _ context: ChannelHandlerContext, _ method: HTTPMethod, _ content: ByteBuffer?
    ) {
        guard method == .POST else {
            return finish(
                HTTPReply(
                    ServingError.methodNotAllowed(method: method.rawValue, allowed: "POST")))
        }
        let (sources, deployments) = shared.routes.features
        let endpoint = FeatureEndpoint(sources: sources, deployments: deployments)
        do throws(ServingError) {
            let query = try endpoint.query(content)
            guard query.lookups > ServingLimits.inlineLookups else {
                return finish(try query.answer())
            }
            let result = NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) {
                do throws(ServingError) { return try query.answer() } catch {
                    return HTTPReply(error)
                }
            }
            result.assumeIsolated().whenComplete { result in
                self.finish((try? result.get()) ?? HTTPReply(.serviceUnavailable) { _ in })
            }
        } catch {
            finish(HTTPReply(error))
        }
    }

    private func readiness(_ name: String, _ version: String?) -> HTTPReply {
        switch shared.routes.lease(name, version: version) {
        case .replica(let replica, _):
            replica.release()
            return .modelReady(name, ready: true)
        case .failed(.notReady): return .modelReady(name, ready: false)
        case .failed(let error): return HTTPReply(error)
        }
    }

    private func forward(excluding: Int?) {
        guard let exchange else { return }
        let number = exchange.number
        switch shared.routes.lease(exchange.name, version: exchange.version, excluding: excluding) {
        case .failed(let error):
            self.exchange = nil
            finish(HTTPReply(error))
        case .replica(let replica, _):
            self.exchange?.replica = replica
            shared.upstreams.connect(replica) { connection in
                guard self.exchange?.number == number, self.exchange?.replica === replica else {
                    // Abandoned meanwhile: whoever did that released the replica.
                    if let connection { self.shared.upstreams.giveBack(connection, replica) }
                    return
                }
                guard let connection else { return self.broken(replica) }
                self.exchange?.connection = connection
                connection.send(exchange.request) { result in
                    self.received(result, connection, replica, number)
                }
            }
        }
    }

    private func received(
        _ result: Result<HTTPReply, UpstreamFailure>, _ connection: UpstreamConnection,
        _ replica: Replica, _ number: Int
    ) {
        guard exchange?.number == number else { return }
        switch result {
        case .success(let reply):
            shared.upstreams.giveBack(connection, replica)
            replica.release()
            exchange = nil
            finish(reply)
        case .failure: broken(replica)
        }
    }

    /// The replica died or could not be reached: once more on another one.
    private func broken(_ replica: Replica) {
        replica.release()
        exchange?.replica = nil
        exchange?.connection = nil
        guard let exchange, !exchange.isRetry else {
            let name = exchange?.name ?? ""
            exchange = nil
            return finish(HTTPReply(ServingError.noReplica(model: name)))
        }
        self.exchange?.isRetry = true
        forward(excluding: replica.id)
    }

    private func finish(_ reply: HTTPReply) {
        traffic.end()
        // Without a context the client is gone.
        guard let head, let context else { return }
        self.head = nil
        let keepAlive = head.isKeepAlive && !draining
        clock.enter(.idle)
        context.send(reply, keepAlive: keepAlive, withoutBody: head.method == .HEAD)
    }

    // MARK: Time

    func tick(_ now: NIODeadline) {
        if clock.isOverdue(now) {
            context?.close(promise: nil)
        } else if let exchange, now > exchange.deadline {
            exchange.connection?.abandon()
            exchange.replica?.release()
            self.exchange = nil
            finish(
                HTTPReply(
                    ServingError.timeout(
                        model: exchange.name, seconds: Int(ServingLimits.answerSeconds))))
        }
    }

    func drain() {
        draining = true
        if clock.phase == .idle || clock.phase == .head { context?.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

extension HTTPReply {
    static var welcome: HTTPReply {
        HTTPReply { writer in
            writer.raw(
                """
                {"name":"ingot","protocol":"Open Inference Protocol v2","try":"GET /v2/health/ready, \
                GET /v2/models/<deployment>, POST /v2/models/<deployment>/infer, POST /get-online-features"}
                """)
        }
    }
}
