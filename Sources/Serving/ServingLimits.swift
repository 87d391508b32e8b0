import NIOCore
import NIOHTTP1

/// Every limit of the data plane, in one place.
enum ServingLimits {
    static let bodyBytes = 16 << 20
    static let headerBytes = 16 << 10
    static let headerCount = 100
    static let connections = 2048
    /// From the first byte of a request (or from accepting the connection) to the end of its head.
    static let headSeconds: Int64 = 10
    /// From the end of the head to the end of the body.
    static let bodySeconds: Int64 = 60
    /// A kept-alive connection without a request.
    static let idleSeconds: Int64 = 75
    /// A replica's answer.
    static let answerSeconds: Int64 = 30
    /// From starting an instance to its being ready.
    static let readySeconds = 30
    /// For requests in flight when a version is replaced.
    static let drainSeconds = 30
    /// From SIGTERM to SIGKILL.
    static let stopSeconds = 5
    /// Batches up to here are computed on the event loop: a few hundred trees take 10 to 20 µs a row.
    static let inlineRows = 64
    /// Bodies up to here are parsed on the event loop.
    static let inlineBytes = 64 << 10
    /// The same where online features are looked up.
    static let inlineOnlineBytes = 8 << 10
    /// Look-ups of features, entities times views, that are done on the event loop.
    static let inlineLookups = 64
    /// Entities of one request for features, and values of its answer.
    static let featureRows = 10_000
    static let featureValues = 1_000_000
    static let idleUpstreams = 64
    static let planBytes = 16 << 20

    static var decoder: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = headerBytes
        limits.maxHeaderFieldSize = headerBytes
        limits.maxHeaderFieldCount = headerCount
        return limits
    }
}
