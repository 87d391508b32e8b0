import NIOCore
import NIOHTTP1
import NIOPosix

/// What a client's handler asks of a replica. Sent again as it is on a retry.
struct UpstreamRequest {
    let method: HTTPMethod
    let uri: String
    let body: ByteBuffer?
}

enum UpstreamFailure: Error {
    /// The connection was refused or ended before the whole answer.
    case broken
    case timeout
}

/// One kept-alive connection to a replica. Confined to its event loop.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart
    typealias Completion = (Result<HTTPReply, UpstreamFailure>) -> Void

    private var context: ChannelHandlerContext?
    private var completion: Completion?
    private var reply: HTTPReply?
    private var keepAlive = true
    private(set) var isOpen = true

    /// True if another request can be sent.
    var isReusable: Bool { isOpen && keepAlive && completion == nil }

    func send(_ request: UpstreamRequest, _ completion: @escaping Completion) {
        guard isOpen, let context else { return completion(.failure(.broken)) }
        self.completion = completion
        var headers = HTTPHeaders()
        headers.add(name: "host", value: "instance")
        if let body = request.body {
            headers.add(name: "content-length", value: body.readableBytes.description)
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: request.method, uri: request.uri, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = request.body, body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Gives up on the request under way. The connection cannot be used again.
    func abandon() {
        completion = nil
        close()
    }

    func close() {
        isOpen = false
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepAlive = head.isKeepAlive
            reply = HTTPReply(
                head.status, body: ByteBuffer(),
                predictionID: head.headers.first(name: HTTPReply.predictionHeader))
        case .body(var part):
            if reply?.body.readableBytes == 0 {
                reply?.body = part
            } else {
                reply?.body.writeBuffer(&part)
            }
        case .end:
            guard let reply else { return finish(.failure(.broken)) }
            self.reply = nil
            finish(.success(reply))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        finish(.failure(.broken))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isOpen = false
        finish(.failure(.broken))
        context.close(promise: nil)
    }

    private func finish(_ result: Result<HTTPReply, UpstreamFailure>) {
        guard let completion else { return }
        self.completion = nil
        completion(result)
    }
}

/// The kept-alive connections of one event loop to all replicas. Confined to that loop.
final class UpstreamPool {
    private let loop: any EventLoop
    private var idle: [Int: [UpstreamConnection]] = [:]

    init(loop: any EventLoop) {
        self.loop = loop
    }

    /// Calls back with a connection, at once if there is an idle one.
    func connect(
        _ replica: Replica, _ completion: @escaping (UpstreamConnection?) -> Void
    ) {
        while let connection = idle[replica.id]?.popLast() {
            if connection.isReusable { return completion(connection) }
        }
        Self.open(replica.socketPath, loop).assumeIsolated().whenComplete { result in
            completion(try? result.get().value)
        }
    }

    func giveBack(_ connection: UpstreamConnection, _ replica: Replica) {
        guard connection.isReusable,
            idle[replica.id, default: []].count < ServingLimits.idleUpstreams
        else { return connection.close() }
        idle[replica.id, default: []].append(connection)
    }

    /// Forgets connections that have ended, so that replicas that are gone leave nothing behind.
    func sweep() {
        for (id, connections) in idle {
            let alive = connections.filter(\.isReusable)
            idle[id] = alive.isEmpty ? nil : alive
        }
    }

    static func open(
        _ socketPath: String, _ loop: any EventLoop
    ) -> EventLoopFuture<NIOLoopBound<UpstreamConnection>> {
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(2))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(UpstreamConnection())
                }
            }
            .connect(unixDomainSocketPath: socketPath)
            .flatMapThrowing { channel in
                let handler = try channel.pipeline.syncOperations.handler(
                    type: UpstreamConnection.self)
                return NIOLoopBound(handler, eventLoop: channel.eventLoop)
            }
    }
}
