import Inference
import NIOCore
import NIOHTTP1

/// A whole answer with a JSON body.
struct HTTPReply: Sendable {
    var status: HTTPResponseStatus
    var body: ByteBuffer
    var predictionID: String?
    var retryAfterSeconds: Int?

    init(
        _ status: HTTPResponseStatus = .ok, body: ByteBuffer, predictionID: String? = nil,
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.body = body
        self.predictionID = predictionID
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ status: HTTPResponseStatus = .ok, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        write(&writer)
        self.init(status, body: ByteBuffer(bytes: writer.bytes))
    }

    init(_ error: ServingError) {
        self.init(status: error.statusCode, text: error.description)
        if error.statusCode == 503 || error.statusCode == 504 { retryAfterSeconds = 1 }
    }

    init(_ error: InferenceError) {
        self.init(status: error.isRequestFault ? 400 : 500, text: error.description)
    }

    /// `{"error":…}` as the protocol has it.
    private init(status: Int, text: String) {
        self.init(HTTPResponseStatus(statusCode: status)) { writer in
            writer.raw("{\"error\":")
            writer.string(text)
            writer.raw("}")
        }
    }

    func head(keepAlive: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(4)
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "content-length", value: body.readableBytes.description)
        if let predictionID { headers.add(name: Self.predictionHeader, value: predictionID) }
        if let retryAfterSeconds {
            headers.add(name: "retry-after", value: retryAfterSeconds.description)
        }
        if !keepAlive { headers.add(name: "connection", value: "close") }
        return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    }

    static let predictionHeader = "ingot-prediction-id"
}

extension ChannelHandlerContext {
    /// Writes a whole answer. The connection is closed after it unless it is kept alive.
    /// - Parameter withoutBody: the answer to HEAD.
    func send(_ reply: HTTPReply, keepAlive: Bool, withoutBody: Bool = false) {
        write(wrap(.head(reply.head(keepAlive: keepAlive))), promise: nil)
        if !withoutBody, reply.body.readableBytes > 0 {
            write(wrap(.body(.byteBuffer(reply.body))), promise: nil)
        }
        let end = wrap(.end(nil))
        guard !keepAlive else { return writeAndFlush(end, promise: nil) }
        let channel = channel
        writeAndFlush(end).whenComplete { _ in channel.close(promise: nil) }
    }

    private func wrap(_ part: HTTPServerResponsePart) -> NIOAny { NIOAny(part) }
}

extension HTTPReply {
    /// Any error as an answer; those of unknown origin without their text, which may hold paths.
    init(failure: any Error) {
        switch failure {
        case let error as InferenceError: self.init(error)
        case let error as ServingError: self.init(error)
        default: self.init(status: 500, text: "the request failed")
        }
    }
}
