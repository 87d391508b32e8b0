import Glibc
import Inference
import NIOCore
import NIOHTTP1
package import ResourceAPI

/// The requests of one loaded model: bytes in, answers out, no I/O.
package final class ModelEndpoint: Sendable {
    private let served: ServedDeployment
    private let name: ResourceName
    private let predictor: Predictor
    private let writer: InferResponseWriter
    private let online: OnlineFeatures?
    /// Microseconds since 1970.
    private let clock: @Sendable () -> Int64
    /// What came of comparing its online features with those of training; nil if it has none.
    package let comparison: FeatureComparison?

    /// Loads the model and runs its sample. Blocks for some 50 ms.
    /// - Throws: `InferenceError`, `ServingError.configuration` for a name that is none.
    /// - Parameter clock: microseconds since 1970, for the age of online features.
    package init(
        configuration: InstanceConfiguration,
        clock: @escaping @Sendable () -> Int64 = { Int64(clamping: ModelEndpoint.now() * 1000) }
    ) throws {
        let served = configuration.served
        guard let name = ResourceName(served.name) else {
            throw ServingError.configuration(
                path: configuration.socketPath, reason: "'\(served.name)' is not a name")
        }
        predictor = try Predictor(
            modelPath: served.onnxPath, modelDigest: served.onnxDigest,
            signaturePath: served.signaturePath,
            runtime: OnnxRuntime.load(path: served.runtimeLibrary))
        try predictor.warmUp()
        self.clock = clock
        (online, comparison) = try OnlineViews.open(served, for: predictor)
        self.served = served
        self.name = name
        writer = InferResponseWriter(
            identity: ModelIdentity(
                deployment: served.name, version: served.version, digest: served.digest,
                commit: served.commit),
            signature: predictor.signature)
    }

    /// A request that was read and found right, to be computed.
    struct Prepared: Sendable {
        let id: String?
        let batch: RowBatch
        let outputs: [PredictionOutput]
        let online: [OnlineRequest.ViewStatus]
    }

    /// Bodies up to here are prepared on the event loop: a look-up takes some 3 µs, and a key 10 bytes.
    var inlineBytes: Int {
        online == nil ? ServingLimits.inlineBytes : ServingLimits.inlineOnlineBytes
    }

    func prepare(_ body: ByteBuffer?) throws -> Prepared {
        guard let body, body.readableBytes > 0 else { throw ServingError.bodyMissing }
        let request = try body.withUnsafeReadableBytes {
            try InferRequestReader.read($0.assumingMemoryBound(to: UInt8.self))
        }
        var lookups = online.map { OnlineRequest(features: $0, now: clock()) }
        return Prepared(
            id: request.id, batch: try predictor.rows(of: request, online: &lookups),
            outputs: try PredictionOutput.select(request.outputs, of: predictor.signature),
            online: lookups?.statuses ?? [])
    }

    func infer(_ prepared: Prepared) -> HTTPReply {
        do throws(InferenceError) {
            let predictions = try predictor.predict(prepared.batch)
            let id = PredictionID(
                deployment: name, digest: served.digest, milliseconds: Self.now(),
                random: UInt64.random(in: 0...PredictionID.maximumRandom)
            ).description
            let body = writer.write(
                predictions, outputs: prepared.outputs, id: prepared.id, predictionID: id,
                online: prepared.online)
            return HTTPReply(body: ByteBuffer(bytes: body), predictionID: id)
        } catch {
            return HTTPReply(error)
        }
    }

    /// Milliseconds since 1970.
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(max(0, time.tv_nsec)) / 1_000_000
    }

    /// All requests but inference: nil if it is one.
    func answer(_ method: HTTPMethod, _ uri: String) -> HTTPReply? {
        guard let path = V2Path(uri) else { return HTTPReply(ServingError.notFound(path: uri)) }
        if case .model(let model, let version, let action) = path {
            if model != served.name {
                let near = NearName.of(model, among: [served.name])
                return HTTPReply(
                    ServingError.unknownModel(model, known: [served.name], near: near))
            }
            if let version, version != served.version.description {
                return HTTPReply(
                    ServingError.unknownVersion(
                        model: model, version: version, served: served.version))
            }
            if action == .infer {
                guard method != .POST else { return nil }
                return HTTPReply(
                    ServingError.methodNotAllowed(method: method.rawValue, allowed: "POST"))
            }
        }
        guard method == .GET || method == .HEAD else {
            return HTTPReply(ServingError.methodNotAllowed(method: method.rawValue, allowed: "GET"))
        }
        switch path {
        case .root, .server: return .server
        case .live, .ready: return .health(ready: true)
        case .model(_, _, .ready): return .modelReady(served.name, ready: true)
        case .model: return metadata
        }
    }

    private var metadata: HTTPReply {
        let signature = predictor.signature
        let online = online
        return HTTPReply { writer in
            writer.raw("{\"name\":")
            writer.string(served.name)
            writer.raw(",\"versions\":[\"")
            writer.number(served.version)
            writer.raw("\"],\"platform\":\"onnx_onnxv1\",\"inputs\":")
            writer.list(signature.inputs) { writer, input in
                writer.raw("{\"name\":")
                writer.string(input.name)
                writer.raw(",\"datatype\":")
                writer.string(input.datatype.rawValue)
                writer.raw(",\"shape\":[-1,")
                writer.number(input.columns.count)
                writer.raw("],\"columns\":")
                writer.strings(input.columns)
                if let kinds = input.kinds {
                    writer.raw(",\"kinds\":")
                    writer.strings(kinds.map(\.rawValue))
                }
                writer.raw("}")
            }
            writer.raw(",\"outputs\":")
            writer.list(PredictionOutput.of(signature)) { writer, output in
                writer.raw("{\"name\":")
                writer.string(output.rawValue)
                writer.raw(",\"datatype\":")
                writer.string(output == .label ? "BYTES" : "FP32")
                writer.raw(",\"shape\":[-1")
                if output == .probabilities {
                    writer.raw(",")
                    writer.number(signature.outputs.first?.classes?.count ?? 0)
                }
                writer.raw("]}")
            }
            writer.raw(",\"properties\":{\"task\":")
            writer.string(signature.task.rawValue)
            writer.raw(",\"label\":")
            writer.string(signature.label)
            writer.raw(",\"model\":")
            writer.string(served.model)
            writer.raw(",\"commit\":")
            writer.string(served.commit)
            writer.raw(",\"digest\":")
            writer.string(served.digest.description)
            for file in online?.files ?? [] {
                writer.raw(",")
                writer.string("online.\(file.view)")
                writer.raw(":")
                writer.string(
                    "\(file.keys.map(\.name).joined(separator: ",")) at "
                        + InstantText.write(file.instant))
            }
            writer.raw("}}")
        }
    }
}

extension HTTPReply {
    static var server: HTTPReply {
        HTTPReply { $0.raw("{\"name\":\"ingot\",\"version\":\"0.1.0\",\"extensions\":[]}") }
    }

    static func health(ready: Bool) -> HTTPReply {
        HTTPReply(ready ? .ok : .serviceUnavailable) { writer in
            // The protocol's text says `live` here and its gRPC form `ready`: both are sent.
            if ready {
                writer.raw("{\"live\":true,\"ready\":true}")
            } else {
                writer.raw("{\"live\":true,\"ready\":false}")
            }
        }
    }

    static func modelReady(_ name: String, ready: Bool) -> HTTPReply {
        HTTPReply(ready ? .ok : .serviceUnavailable) { writer in
            writer.raw("{\"name\":")
            writer.string(name)
            if ready { writer.raw(",\"ready\":true}") } else { writer.raw(",\"ready\":false}") }
        }
    }
}
