#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Glibc
import Inference
import NIOPosix
import ResourceAPI

/// The online features of a deployment's views, opened.
enum OnlineViews {
    /// Opens the files and holds what would be served against what training computed. Blocks.
    /// - Throws: `InferenceError`.
    static func open(
        _ served: ServedDeployment, for predictor: Predictor
    ) throws(InferenceError) -> (OnlineFeatures?, FeatureComparison?) {
        guard let views = served.online, !views.isEmpty else { return (nil, nil) }
        let files = try files(views)
        let features = try OnlineFeatures(files: files, predictor: predictor)
        var comparison = FeatureComparison(vectors: 0, values: 0)
        for (view, file) in zip(views, files) where comparison.difference == nil {
            let sample = try FeatureSample(
                path: view.samplePath, expecting: view.sampleDigest, of: file)
            let through = try sample.comparison(through: features, of: predictor)
            // What the model does not read may still be asked for.
            let alone = try sample.comparison()
            comparison = comparison.joined(
                through.difference == nil
                    ? alone
                    : FeatureComparison(
                        difference: through.difference, vectors: 0, values: through.values))
        }
        return (features, comparison)
    }

    static func files(_ views: [ServedView]) throws(InferenceError) -> [OnlineFile] {
        var files: [OnlineFile] = []
        for view in views {
            files.append(
                try OnlineFile(path: view.path, expecting: view.fileDigest, view: view.name))
        }
        return files
    }
}

/// What an instance tells the gateway of its features, in a file beside its socket.
enum FeatureReport {
    private static let maximumBytes = 1 << 16

    static func path(beside socketPath: String) -> String { socketPath + ".features.json" }

    /// Writes it; an instance whose features differ must not serve.
    /// - Throws: `ServingError.featuresDiffer`, `.reportNotWritten`.
    static func settle(
        _ comparison: FeatureComparison?, beside socketPath: String
    ) throws(ServingError) {
        guard let comparison else { return }
        let path = path(beside: socketPath)
        do {
            try JSONEncoder().encode(comparison).write(
                to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .reportNotWritten(path: path)
        }
        if let difference = comparison.difference { throw .featuresDiffer(difference) }
    }

    /// Nil if there is none.
    static func read(beside socketPath: String) -> FeatureComparison? {
        guard
            let bytes = try? BoundedFile.read(
                path: path(beside: socketPath), limitBytes: maximumBytes)
        else { return nil }
        return try? JSONDecoder().decode(FeatureComparison.self, from: Data(bytes))
    }
}

/// The online features of what answers for one deployment, as the gateway serves them.
final class FeatureSource: Sendable {
    let deployment: String
    let model: String
    let files: [OnlineFile]
    /// Names of the features that the model reads, in its order.
    let modelFeatures: [String]

    private init(
        deployment: String, model: String, files: [OnlineFile], modelFeatures: [String]
    ) {
        self.deployment = deployment
        self.model = model
        self.files = files
        self.modelFeatures = modelFeatures
    }

    /// Opens a deployment's files on a thread that may block.
    /// - Returns: nil if it has no online features.
    /// - Throws: `InferenceError`.
    static func open(_ served: ServedDeployment) async throws -> FeatureSource? {
        guard let views = served.online, !views.isEmpty else { return nil }
        return try await NIOThreadPool.singleton.runIfActive {
            let files = try OnlineViews.files(views)
            let signature = try ModelSignature.read(path: served.signaturePath)
            let outputs = Set(files.flatMap { $0.outputs.map(\.name) })
            return FeatureSource(
                deployment: served.name, model: served.model, files: files,
                modelFeatures: signature.inputs.flatMap(\.columns).filter(outputs.contains))
        }
    }
}
