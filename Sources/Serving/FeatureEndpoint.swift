import Inference
import NIOCore
import ResourceAPI

/// `POST /get-online-features`: finds the features that a request asks for.
struct FeatureEndpoint {
    /// By the deployments' names.
    let sources: [FeatureSource]
    let deployments: [String]
    /// Microseconds since 1970.
    var now: Int64 = Int64(clamping: ModelEndpoint.now() * 1000)

    static func isPath(_ uri: String) -> Bool {
        let path = uri.utf8.prefix { $0 != UInt8(ascii: "?") }
        return path.elementsEqual("/get-online-features".utf8)
            || path.elementsEqual("/get-online-features/".utf8)
    }

    /// - Throws: `ServingError.features`, `.bodyMissing`.
    func query(_ body: ByteBuffer?) throws(ServingError) -> FeatureQuery {
        guard let body, body.readableBytes > 0 else { throw .bodyMissing }
        let request: FeatureRequest
        do {
            request = try body.withUnsafeReadableBytes {
                try FeatureRequest($0.assumingMemoryBound(to: UInt8.self))
            }
        } catch let error as InferenceError {
            throw .features(.json(error.description))
        } catch {
            throw .features(.json("the body is not understood"))
        }
        let asked = try asked(request)
        return try FeatureQuery(request, asked, now: now)
    }

    private func asked(
        _ request: FeatureRequest
    ) throws(ServingError) -> [FeatureQuery.Asked] {
        switch (request.features, request.service) {
        case (nil, nil): throw .features(.nothingAsked)
        case (.some, .some): throw .features(.bothAsked)
        case (let names?, nil):
            guard !names.isEmpty else { throw .features(.nothingAsked) }
            var asked: [FeatureQuery.Asked] = []
            for name in names { asked.append(try feature(name)) }
            return asked
        case (nil, let service?): return try features(of: service)
        }
    }

    private func feature(_ text: String) throws(ServingError) -> FeatureQuery.Asked {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw .features(.featureForm(String(text.prefix(200))))
        }
        // Of two versions of a view's values, the newer.
        let files = sources.flatMap(\.files)
        guard
            let file = files.filter({ $0.view == parts[0] }).max(by: { $0.instant < $1.instant })
        else {
            let known = Set(files.map(\.view)).sorted()
            throw .features(
                .unknownView(
                    String(parts[0].prefix(100)), near: NearName.of(parts[0], among: known),
                    known: known))
        }
        let name = "\(file.view)__\(parts[1])"
        guard let index = file.outputs.firstIndex(where: { $0.name == name }) else {
            let known = file.outputs.map { String($0.name.dropFirst(file.view.count + 2)) }
            throw .features(
                .unknownFeature(
                    String(parts[1].prefix(100)), view: file.view,
                    near: NearName.of(parts[1], among: known)))
        }
        return FeatureQuery.Asked(file: file, output: index)
    }

    private func features(of service: String) throws(ServingError) -> [FeatureQuery.Asked] {
        guard let source = sources.first(where: { $0.deployment == service }) else {
            guard !deployments.contains(service) else {
                throw .features(.serviceWithoutFeatures(service))
            }
            throw .features(
                .unknownService(
                    String(service.prefix(100)), near: NearName.of(service, among: deployments),
                    known: deployments))
        }
        let asked = source.modelFeatures.compactMap { name in
            source.files.lazy.compactMap { file in
                file.outputs.firstIndex { $0.name == name }.map {
                    FeatureQuery.Asked(file: file, output: $0)
                }
            }.first
        }
        guard !asked.isEmpty else { throw .features(.serviceWithoutFeatures(service)) }
        return asked
    }
}
