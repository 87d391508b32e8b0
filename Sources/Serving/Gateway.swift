import Glibc
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ResourceAPI

package struct GatewayConfiguration: Sendable {
    /// Absolute.
    package let statePath: String
    package let host: String
    /// 0 for any free one.
    package let port: Int
    /// Absolute path of the ingot executable, to start instances with.
    package let executablePath: String
    /// At most this many client connections.
    package let maximumConnections: Int

    package init(
        statePath: String, host: String, port: Int, executablePath: String,
        maximumConnections: Int = 2048
    ) {
        self.statePath = statePath
        self.host = host
        self.port = port
        self.executablePath = executablePath
        self.maximumConnections = maximumConnections
    }
}

/// An event loop and what its connections share.
private struct LoopEntry: Sendable {
    let loop: any EventLoop
    let shared: NIOLoopBound<GatewayLoop>
}

/// The public endpoint: watches the serving plan, keeps its instances running, and passes requests on.
package final class Gateway: Sendable {
    /// Where it listens, `host:port`.
    package let address: String
    package let port: Int
    private let folders: GatewayFolders
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let loops: [LoopEntry]
    private let traffic: Traffic
    private let supervisor: Supervisor
    private let watcher: PlanWatcher
    private let watching: Task<Void, Never>

    /// Serves until SIGTERM or SIGINT, then finishes the requests under way.
    /// - Throws: `ServingError`: the port or the state directory is not free, and the like.
    package static func run(
        configuration: GatewayConfiguration, logger: Logger = Logger(label: "ingot.gateway")
    ) async throws {
        signal(SIGPIPE, SIG_IGN)
        let gateway = try await start(
            configuration: configuration,
            launcher: ProcessLauncher(executablePath: configuration.executablePath),
            logger: logger)
        await Termination.wait(standardInput: false)
        await gateway.stop()
    }

    /// Listens, and serves what the plan says as soon as it is ready.
    package static func start(
        configuration: GatewayConfiguration, launcher: any InstanceLauncher, logger: Logger
    ) async throws -> Gateway {
        let folders = try GatewayFolders(statePath: configuration.statePath)
        // One thread moves some 10,000 requests a second; the instances need the other cores.
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: max(1, min(8, System.coreCount / 2)))
        do {
            return try await Gateway(configuration, folders, group, launcher, logger)
        } catch {
            try? await group.shutdownGracefully()
            await folders.release()
            throw error
        }
    }

    private init(
        _ configuration: GatewayConfiguration, _ folders: GatewayFolders,
        _ group: MultiThreadedEventLoopGroup, _ launcher: any InstanceLauncher, _ logger: Logger
    ) async throws {
        let routes = RouteTable()
        let traffic = Traffic()
        var loops: [LoopEntry] = []
        for loop in group.makeIterator() {
            loops.append(
                try await loop.submit {
                    let shared = GatewayLoop(routes: routes, loop: loop)
                    let bound = NIOLoopBound(shared, eventLoop: loop)
                    loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
                        bound.value.tick()
                    }
                    return LoopEntry(loop: loop, shared: bound)
                }.get())
        }
        let channel = try await Self.listen(configuration, group, loops, traffic)
        let port = channel.localAddress?.port ?? configuration.port
        let address = "\(configuration.host):\(port)"
        let supervisor = Supervisor(
            folders: folders, launcher: launcher, routes: routes, group: group, logger: logger
        ) { reports in
            folders.write(
                ServingReport(gatewayPID: getpid(), address: address, deployments: reports))
        }
        folders.write(ServingReport(gatewayPID: getpid(), address: address, deployments: []))
        let watcher = PlanWatcher(path: folders.planPath, logger: logger)
        let plans = watcher.plans
        watching = Task { for await plan in plans { await supervisor.apply(plan) } }
        watcher.start()
        self.address = address
        self.port = port
        self.folders = folders
        self.group = group
        self.channel = channel
        self.loops = loops
        self.traffic = traffic
        self.supervisor = supervisor
        self.watcher = watcher
        logger.info("listening", metadata: ["address": "\(address)"])
    }

    private static func listen(
        _ configuration: GatewayConfiguration, _ group: MultiThreadedEventLoopGroup,
        _ loops: [LoopEntry], _ traffic: Traffic
    ) async throws -> any Channel {
        let opened = Traffic()
        let limit = configuration.maximumConnections
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let loop = channel.eventLoop
                        guard opened.value < limit,
                            let shared = loops.first(where: { $0.loop === loop })?.shared
                        else { throw ServingError.connections(limit: limit) }
                        let clock = ConnectionClock()
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(ConnectionGuard(clock: clock))
                        try pipeline.configureHTTPServerPipeline(
                            withErrorHandling: true, withEncoderConfiguration: .init(),
                            withDecoderLimitConfiguration: ServingLimits.decoder)
                        try pipeline.addHandler(
                            GatewayHandler(
                                shared: shared.value, clock: clock, traffic: traffic,
                                opened: opened))
                    }
                }
                .bind(host: configuration.host, port: configuration.port).get()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ServingError.addressInUse(host: configuration.host, port: configuration.port)
        } catch let error as IOError {
            throw ServingError.cannotListen(
                host: configuration.host, port: configuration.port,
                reason: String(cString: strerror(error.errnoCode)))
        } catch {
            throw ServingError.cannotListen(
                host: configuration.host, port: configuration.port, reason: "\(error)")
        }
    }

    /// Stops accepting, finishes the requests under way (30 s at most), and stops the instances.
    package func stop() async {
        try? await channel.close()
        watcher.stop()
        await watching.value
        for entry in loops { entry.loop.execute { entry.shared.value.drain() } }
        for _ in 0..<ServingLimits.drainSeconds * 100 where !traffic.isIdle {
            try? await Task.sleep(for: .milliseconds(10))
        }
        await supervisor.stop()
        try? await group.shutdownGracefully()
        await folders.release()
    }
}
