import NIOCore

/// Where a client's connection is within a request, and since when. Shared by the two handlers of one
/// connection, confined to its event loop.
final class ConnectionClock {
    enum Phase {
        case head
        case body
        case answering
        case idle
    }

    private(set) var phase = Phase.head
    private(set) var since = NIODeadline.now()

    func enter(_ phase: Phase) {
        self.phase = phase
        since = .now()
    }

    /// True if the client was slower than it may be.
    func isOverdue(_ now: NIODeadline) -> Bool {
        let limit: Int64? =
            switch phase {
            case .head: ServingLimits.headSeconds
            case .body: ServingLimits.bodySeconds
            case .idle: ServingLimits.idleSeconds
            case .answering: nil
            }
        return limit.map { now - since > .seconds($0) } ?? false
    }
}

/// Sees the first byte of a request, which the HTTP decoder shows only with the whole head.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let clock: ConnectionClock

    init(clock: ConnectionClock) {
        self.clock = clock
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if clock.phase == .idle { clock.enter(.head) }
        context.fireChannelRead(data)
    }
}
