import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// One replica of one model version: a Unix socket that answers for its model.
package struct ServingInstance: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let pool: NIOThreadPool
    private let channel: any Channel
    private let traffic: Traffic
    private let socketPath: String

    /// Serves until SIGTERM, SIGINT or the end of standard input.
    /// - Throws: `InferenceError`, `ServingError`: the model cannot be served.
    package static func run(configuration: InstanceConfiguration) async throws {
        Termination.dieWithParent()
        let instance = try await start(configuration: configuration)
        await Termination.wait(standardInput: true)
        await instance.stop()
    }

    /// Loads the model, warms it up, and only then listens: who can connect finds it ready.
    package static func start(
        configuration: InstanceConfiguration
    ) async throws -> ServingInstance {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let endpoint = try await pool.runIfActive {
                let endpoint = try ModelEndpoint(configuration: configuration)
                try FeatureReport.settle(endpoint.comparison, beside: configuration.socketPath)
                return endpoint
            }
            let traffic = Traffic()
            let path = configuration.socketPath
            let channel = try await listen(path, group, endpoint, pool, traffic)
            chmod(path, 0o600)
            return ServingInstance(
                group: group, pool: pool, channel: channel, traffic: traffic, socketPath: path)
        } catch {
            try? await group.shutdownGracefully()
            try? await pool.shutdownGracefully()
            throw error
        }
    }

    private static func listen(
        _ path: String, _ group: MultiThreadedEventLoopGroup, _ endpoint: ModelEndpoint,
        _ pool: NIOThreadPool, _ traffic: Traffic
    ) async throws -> any Channel {
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 512)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.configureHTTPServerPipeline(
                            withErrorHandling: true,
                            withEncoderConfiguration: .init(),
                            withDecoderLimitConfiguration: ServingLimits.decoder)
                        try pipeline.addHandler(
                            InstanceHandler(endpoint: endpoint, pool: pool, traffic: traffic))
                    }
                }
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        } catch {
            throw ServingError.socket(path: path, reason: "\(error)")
        }
    }

    /// Stops accepting, waits for the requests in flight, and closes.
    package func stop() async {
        unlink(socketPath)
        try? await channel.close()
        for _ in 0..<ServingLimits.stopSeconds * 100 where !traffic.isIdle {
            try? await Task.sleep(for: .milliseconds(10))
        }
        try? await group.shutdownGracefully()
        try? await pool.shutdownGracefully()
    }

    /// Breaks all connections at once, as a crash would. For tests of what happens then.
    package func crash() async {
        unlink(socketPath)
        try? await group.shutdownGracefully()
        try? await pool.shutdownGracefully()
    }
}
