import Foundation
import Inference
import Logging
import ResourceAPI
import Serving
import Testing

/// A temporary state directory and the models of InferenceTests/Fixtures.
final class ServingFixture: Sendable {
    let folder: String
    static let models = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "InferenceTests/Fixtures").path

    init() throws {
        folder = "/tmp/ingot-serving-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder + "/run", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    struct NoRuntime: Error, CustomStringConvertible {
        let description =
            "no Python runtime with ONNX Runtime: set INGOT_TEST_RUNTIME to a virtual environment"
    }

    static func libraryPath() throws -> String {
        let runtime = ProcessInfo.processInfo.environment["INGOT_TEST_RUNTIME"] ?? "/opt/ingot-rt"
        let files = FileManager.default
        for python in (try? files.contentsOfDirectory(atPath: runtime + "/lib")) ?? [] {
            let capi = "\(runtime)/lib/\(python)/site-packages/onnxruntime/capi"
            let names = (try? files.contentsOfDirectory(atPath: capi)) ?? []
            if let name = names.first(where: { $0.hasPrefix("libonnxruntime.so") }) {
                return "\(capi)/\(name)"
            }
        }
        throw NoRuntime()
    }

    /// - Parameter isDamaged: the model's digest is not that of its file.
    static func served(
        _ name: String = "delays", model: String = "binary", version: Int = 1, replicas: Int = 1,
        isDamaged: Bool = false
    ) throws -> ServedDeployment {
        let path = "\(models)/\(model).onnx"
        let content = try BoundedFile.read(path: path, limitBytes: 1 << 20)
        return ServedDeployment(
            name: name, replicas: replicas, model: "arrival-delay", version: version,
            digest: Digest(hashing: [UInt8(version)]), commit: String(repeating: "ab", count: 20),
            onnxPath: path, signaturePath: "\(models)/\(model).signature.json",
            onnxDigest: Digest(hashing: isDamaged ? [] : content),
            runtimeLibrary: try libraryPath())
    }

    func write(_ deployments: [ServedDeployment]) throws {
        let plan = ServingPlan(revision: "main@sha1:abc", deployments: deployments)
        try JSONEncoder().encode(plan).write(
            to: URL(filePath: folder + "/run/serving.json"), options: .atomic)
    }

    func report() -> ServingReport? {
        guard let data = FileManager.default.contents(atPath: folder + "/run/serving-report.json")
        else { return nil }
        return try? JSONDecoder().decode(ServingReport.self, from: data)
    }

    /// Waits until the first deployment's report is as wanted.
    func await(
        _ what: String, _ condition: (DeploymentReport) -> Bool
    ) async throws -> DeploymentReport {
        for _ in 0..<2000 {
            if let first = report()?.deployments.first, condition(first) { return first }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Late(what: what, report: report())
    }

    struct Late: Error {
        let what: String
        let report: ServingReport?
    }

    /// A gateway on any free port, with instances within this process.
    func gateway(
        _ launcher: InProcessLauncher = InProcessLauncher(), port: Int = 0
    ) async throws -> Gateway {
        try await Gateway.start(
            configuration: GatewayConfiguration(
                statePath: folder, host: "127.0.0.1", port: port, executablePath: "/nowhere"),
            launcher: launcher, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A request of one row for the binary model.
    static let row = """
        {"inputs":[{"name":"numeric","shape":[1,4],"datatype":"FP32","data":[0.5,null,1,2]},\
        {"name":"categorical","shape":[1,2],"datatype":"BYTES","data":["JFK",null]}]}
        """
}

/// Starts instances within the test's process.
actor InProcessLauncher: InstanceLauncher {
    private(set) var instances: [InProcessInstance] = []

    func launch(
        _ configuration: InstanceConfiguration, logPath: String
    ) async throws -> any LaunchedInstance {
        let instance = InProcessInstance(configuration)
        instances.append(instance)
        await instance.start()
        return instance
    }
}

actor InProcessInstance: LaunchedInstance {
    private let configuration: InstanceConfiguration
    private var instance: ServingInstance?
    private let ended: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init(_ configuration: InstanceConfiguration) {
        self.configuration = configuration
        (ended, continuation) = AsyncStream.makeStream()
    }

    func start() async {
        do {
            instance = try await ServingInstance.start(configuration: configuration)
        } catch {
            finish("exited with code 1 (\(error))")
        }
    }

    private func finish(_ how: String) {
        continuation.yield(how)
        continuation.finish()
    }

    func waitForEnd() async -> String {
        for await how in ended { return how }
        return "ended"
    }

    func terminate() async {
        await instance?.stop()
        finish("exited with code 0")
    }

    func kill() async { await crash() }

    /// As if the process had been killed.
    func crash() async {
        await instance?.crash()
        finish("was ended by signal 9")
    }
}
