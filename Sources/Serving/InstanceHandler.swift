import Inference
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// How many there are of something: requests in flight, for draining; connections, for their limit.
final class Traffic: Sendable {
    private let count = Atomic<Int>(0)

    func begin() { count.add(1, ordering: .relaxed) }
    func end() { count.subtract(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
    var isIdle: Bool { value == 0 }
}

/// One connection of an instance. Small requests are computed on the event loop, which saves two
/// thread switches; large ones on the thread pool, so that they do not hold up the small ones.
final class InstanceHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let endpoint: ModelEndpoint
    private let pool: NIOThreadPool
    private let traffic: Traffic
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private var tooLarge = false

    init(endpoint: ModelEndpoint, pool: NIOThreadPool, traffic: Traffic) {
        self.endpoint = endpoint
        self.pool = pool
        self.traffic = traffic
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = nil
            tooLarge = false
        case .body(var part):
            guard !tooLarge else { return }
            let size = (body?.readableBytes ?? 0) + part.readableBytes
            if size > ServingLimits.bodyBytes {
                tooLarge = true
                body = nil
            } else if body == nil {
                body = part
            } else {
                body?.writeBuffer(&part)
            }
        case .end: respond(context)
        }
    }

    private func respond(_ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        let content = body
        body = nil
        traffic.begin()
        let keepAlive = head.isKeepAlive
        if tooLarge {
            let error = ServingError.bodyTooLarge(limitBytes: ServingLimits.bodyBytes)
            return finish(context, HTTPReply(error), keepAlive)
        }
        if let reply = endpoint.answer(head.method, head.uri) {
            return finish(context, reply, keepAlive, withoutBody: head.method == .HEAD)
        }
        guard (content?.readableBytes ?? 0) <= endpoint.inlineBytes else {
            return onPool(context, keepAlive) { [endpoint] in
                Self.reply { endpoint.infer(try endpoint.prepare(content)) }
            }
        }
        do {
            let prepared = try endpoint.prepare(content)
            guard prepared.batch.rows <= ServingLimits.inlineRows else {
                return onPool(context, keepAlive) { [endpoint] in endpoint.infer(prepared) }
            }
            finish(context, endpoint.infer(prepared), keepAlive)
        } catch {
            finish(context, Self.reply { throw error }, keepAlive)
        }
    }

    private static func reply(_ body: () throws -> HTTPReply) -> HTTPReply {
        do {
            return try body()
        } catch {
            return HTTPReply(failure: error)
        }
    }

    private func onPool(
        _ context: ChannelHandlerContext, _ keepAlive: Bool,
        _ work: @escaping @Sendable () -> HTTPReply
    ) {
        let loop = context.eventLoop
        let result = pool.runIfActive(eventLoop: loop, work)
        result.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let reply): self.finish(context, reply, keepAlive)
            case .failure: self.finish(context, HTTPReply(.serviceUnavailable) { _ in }, false)
            }
        }
    }

    private func finish(
        _ context: ChannelHandlerContext, _ reply: HTTPReply, _ keepAlive: Bool,
        withoutBody: Bool = false
    ) {
        context.send(reply, keepAlive: keepAlive, withoutBody: withoutBody)
        traffic.end()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
