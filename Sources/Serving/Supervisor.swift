import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ResourceAPI

/// Does what the deployments' machines decide: starts and stops instances, moves routes, and tells
/// what is served.
actor Supervisor {
    private struct Running {
        let name: String
        let served: ServedDeployment
        let replica: Replica
        let logPath: String
        /// What the gateway itself looks up of it; there when it is ready.
        var features: FeatureSource?
        var handle: (any LaunchedInstance)?
        /// Set when the machine has given it up.
        var isLeaving = false
        /// Why it is being killed, if it is this program's doing.
        var fault: String?
    }

    private let folders: GatewayFolders
    private let launcher: any InstanceLauncher
    private let routes: RouteTable
    private let group: any EventLoopGroup
    private let logger: Logger
    private let report: @Sendable ([DeploymentReport]) -> Void
    private var machines: [String: DeploymentMachine] = [:]
    private var running: [Int: Running] = [:]
    private var lastID = 0
    private var lastReport: [DeploymentReport]?
    private var tasks: [Int: Task<Void, Never>] = [:]
    /// Of the newest instance of each deployment that has compared its features.
    private var comparisons: [String: FeatureComparison] = [:]

    init(
        folders: GatewayFolders, launcher: any InstanceLauncher, routes: RouteTable,
        group: any EventLoopGroup, logger: Logger,
        report: @escaping @Sendable ([DeploymentReport]) -> Void
    ) {
        self.folders = folders
        self.launcher = launcher
        self.routes = routes
        self.group = group
        self.logger = logger
        self.report = report
    }

    /// Makes the plan the one to serve.
    func apply(_ plan: ServingPlan) {
        var names: Set<String> = []
        for deployment in plan.deployments where names.insert(deployment.name).inserted {
            handle(deployment.name, .wanted(deployment))
        }
        for name in machines.keys.sorted() where !names.contains(name) {
            handle(name, .wanted(nil))
        }
        routes.planArrived()
        publish(always: true)
    }

    /// Drains and stops everything, and returns when no instance is left.
    func stop() async {
        for name in machines.keys.sorted() { handle(name, .wanted(nil)) }
        while let task = tasks.values.first { await task.value }
    }

    private func handle(_ name: String, _ event: DeploymentMachine.Event) {
        var machine = machines[name] ?? DeploymentMachine()
        let actions = machine.handle(event, now: .now) {
            lastID += 1
            return lastID
        }
        machines[name] = machine
        for action in actions { perform(action, name, machine) }
        if machine.isOver {
            machines[name] = nil
            comparisons[name] = nil
            routes.remove(name)
        } else if running.values.allSatisfy({ $0.name != name || $0.isLeaving }) {
            // No instance, so no route was set: the failure is shown to clients.
            routes.set(name, version: nil, replicas: [], failure: machine.failure)
        }
        publish(always: false)
    }

    private func perform(
        _ action: DeploymentMachine.Action, _ name: String, _ machine: DeploymentMachine
    ) {
        switch action {
        case .start(let id, let served): start(id, name, served)
        case .retire(let id):
            running[id]?.isLeaving = true
            tasks[-id] = Task { await self.retire(id) }
        case .abort(let id):
            running[id]?.isLeaving = true
            tasks[-id] = Task { await self.end(id) }
        case .route(let version, let ids):
            routes.set(
                name, version: version, replicas: ids.compactMap { running[$0]?.replica },
                failure: machine.failure,
                features: ids.lazy.compactMap { self.running[$0]?.features }.first)
            logger.info(
                "route",
                metadata: [
                    "deployment": "\(name)", "version": "\(version.map(String.init) ?? "none")",
                    "replicas": "\(ids.count)",
                ])
        case .wake(let pause):
            Task {
                try? await Task.sleep(for: pause)
                self.wake(name)
            }
        }
    }

    private func wake(_ name: String) {
        if machines[name] != nil { handle(name, .timer) }
    }

    // MARK: One instance

    private func start(_ id: Int, _ name: String, _ served: ServedDeployment) {
        let replica = Replica(id: id, socketPath: folders.socketPath(id))
        let logPath = folders.logPath(deployment: name, id: id)
        running[id] = Running(name: name, served: served, replica: replica, logPath: logPath)
        tasks[id] = Task { await self.live(id, served, replica, logPath) }
    }

    /// An instance's life, from launching to its end.
    private func live(
        _ id: Int, _ served: ServedDeployment, _ replica: Replica, _ logPath: String
    ) async {
        let how: String
        do {
            let handle = try await launcher.launch(
                InstanceConfiguration(served: served, socketPath: replica.socketPath),
                logPath: logPath)
            running[id]?.handle = handle
            if running[id]?.isLeaving == true { await handle.kill() }
            let probe = Task { await self.awaitReadiness(id, replica) }
            how = await handle.waitForEnd()
            probe.cancel()
        } catch {
            how = "could not be started: \(error)"
        }
        let fault = running[id]?.fault
        let reason =
            fault
            ?? ServingError.instanceEnded(
                how: how, lastWords: folders.lastWords(logPath)
            ).description
        let name = served.name
        let comparison = FeatureReport.read(beside: replica.socketPath)
        let wasLeaving = running.removeValue(forKey: id)?.isLeaving ?? true
        folders.removeSocket(id)
        tasks[id] = nil
        guard !wasLeaving else { return }
        if let comparison { note(comparison, of: served) }
        logger.warning(
            "instance ended", metadata: ["deployment": "\(name)", "reason": "\(reason)"])
        handle(name, .ended(id, reason: reason))
    }

    private func awaitReadiness(_ id: Int, _ replica: Replica) async {
        let end = ContinuousClock.now.advanced(by: .seconds(ServingLimits.readySeconds))
        while ContinuousClock.now < end, !Task.isCancelled {
            if await ReadinessProbe.isReady(replica.socketPath, on: group.next()) {
                return await ready(id, replica)
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        guard !Task.isCancelled else { return }
        running[id]?.fault =
            ServingError.instanceNotReady(seconds: ServingLimits.readySeconds).message
        await running[id]?.handle?.kill()
    }

    /// The gateway answers for the same features as the instance, from the same files.
    private func ready(_ id: Int, _ replica: Replica) async {
        guard let served = running[id]?.served else { return }
        do {
            let features = try await FeatureSource.open(served)
            guard let instance = running[id], !instance.isLeaving else { return }
            running[id]?.features = features
            note(FeatureReport.read(beside: replica.socketPath), of: served)
            handle(instance.name, .ready(id))
        } catch {
            running[id]?.fault = "\(error)"
            await running[id]?.handle?.kill()
        }
    }

    /// What an old version compares when it is started again says nothing of the new one.
    private func note(_ comparison: FeatureComparison?, of served: ServedDeployment) {
        guard machines[served.name]?.wanted?.withoutReplicas == served.withoutReplicas else {
            return
        }
        comparisons[served.name] = comparison
    }

    private func retire(_ id: Int) async {
        let end = ContinuousClock.now.advanced(by: .seconds(ServingLimits.drainSeconds))
        while let replica = running[id]?.replica, replica.load > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
        await self.end(id)
    }

    /// SIGTERM, and SIGKILL if that does not help.
    private func end(_ id: Int) async {
        defer { tasks[-id] = nil }
        await running[id]?.handle?.terminate()
        let end = ContinuousClock.now.advanced(by: .seconds(ServingLimits.stopSeconds))
        while running[id] != nil, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(10))
        }
        await running[id]?.handle?.kill()
    }

    // MARK: Reporting

    private func publish(always: Bool) {
        let reports = machines.sorted { $0.key < $1.key }.compactMap { name, machine in
            machine.wanted.map { wanted in
                DeploymentReport(
                    name: name, version: machine.serving?.version,
                    digest: machine.serving?.digest, readyReplicas: machine.readyReplicas,
                    desiredReplicas: wanted.replicas, desiredDigest: wanted.digest,
                    failure: machine.failure, restarts: machine.restarts,
                    online: machine.serving?.onlineDigests, desiredOnline: wanted.onlineDigests,
                    features: comparisons[name])
            }
        }
        guard always || reports != lastReport else { return }
        lastReport = reports
        report(reports)
    }
}

/// Asks an instance whether it is ready.
enum ReadinessProbe {
    static func isReady(_ socketPath: String, on loop: any EventLoop) async -> Bool {
        let answer = UpstreamPool.open(socketPath, loop).flatMap { bound in
            let promise = loop.makePromise(of: Bool.self)
            let request = UpstreamRequest(method: .GET, uri: "/v2/health/ready", body: nil)
            let timeout = loop.scheduleTask(in: .seconds(2)) {
                bound.value.close()
            }
            bound.value.send(request) { result in
                timeout.cancel()
                promise.succeed((try? result.get())?.status == .ok)
                bound.value.close()
            }
            return promise.futureResult
        }
        return (try? await answer.get()) ?? false
    }
}
