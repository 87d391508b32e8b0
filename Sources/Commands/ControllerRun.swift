import Foundation
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// Everything that a controller does side by side until it is asked to stop: the loop, the looks at
/// the repository and at what exists, the gateway's reports, and requests of commands.
struct ControllerRun: Sendable {
    let session: ControllerSession
    let stateDirectory: String
    let repository: RepositoryOptions
    /// How often a remote repository and outside data are looked at.
    let interval: Duration
    /// How often what exists is looked at.
    let driftInterval: Duration
    private let looks = LookDriver()
    private let trouble = TroubleNote()

    init(
        session: ControllerSession, stateDirectory: String, repository: RepositoryOptions,
        interval: Duration, driftInterval: Duration
    ) {
        self.session = session
        self.stateDirectory = stateDirectory
        self.repository = repository
        self.interval = interval
        self.driftInterval = driftInterval
    }

    /// Until a signal asks to stop.
    ///
    /// - Throws: the first error that is final.
    func run() async throws {
        try await Services.run(
            [
                { try await session.loop.run() },
                { try await looks.run { try await look() } },
                { try await watchRepository() },
                { await followGateway() },
                { try await serveRequests() },
                { try await lookForDrift() },
                { try await scrub() },
                { try await keepHouse() },
                { try await refreshSnapshots() },
                { await StopSignals.wait(onHangUp: { looks.notify() }) },
            ], onStop: { StopDeadline.start() })
    }

    /// Trouble with the repository or a commit is told, and leaves what is running as it was.
    private func look() async throws {
        do {
            try await session.look(branch: repository.branch)
            trouble.clear(in: stateDirectory)
        } catch let error as StateStoreError where error.isFatal {
            throw error
        } catch {
            guard !Task.isCancelled else { return }
            if trouble.tell("\(error)", in: stateDirectory) { session.console.warn("\(error)") }
        }
    }

    private func watchRepository() async throws {
        for await _ in try RefWatcher.signals(
            for: session.url, branch: repository.branch, interval: interval)
        {
            looks.notify()
        }
    }

    private func followGateway() async {
        var last: ServingReport?
        var isFirst = true
        for await report in ReportWatcher.reports(in: stateDirectory)
        where isFirst || report != last {
            isFirst = false
            last = report
            session.loop.submit(.served(report))
        }
    }

    private func lookForDrift() async throws {
        while true {
            try await Task.sleep(for: driftInterval)
            try await lookAtWhatExists()
        }
    }

    private func keepHouse() async throws {
        let housekeeping = Housekeeping(stateDirectory: stateDirectory)
        while true {
            try await Task.sleep(for: Housekeeping.interval)
            await housekeeping.sweep()
        }
    }

    private func refreshSnapshots() async throws {
        let refresh = SnapshotRefresh(
            session: session, stateDirectory: stateDirectory, repository: repository)
        while true {
            try await Task.sleep(for: interval)
            if try await refresh.refreshDue() { looks.notify() }
        }
    }

    private func lookAtWhatExists() async throws {
        do {
            session.loop.submit(.looked(try await session.actual.look()))
        } catch let error as StateStoreError where !error.isFatal {
            session.console.warn("\(error)")
        }
    }

    private func scrub() async throws {
        var scrub = StoreScrub(
            store: session.store, clock: SystemLoopClock(),
            after: Digest(hashing: "\(UInt64.random(in: .min ... .max))".utf8))
        var pause = Duration.zero
        while true {
            // First the pause: a controller that starts has other things to do.
            try await Task.sleep(for: max(pause, driftInterval))
            do {
                let (events, milliseconds) = try await scrub.next()
                for event in events { session.loop.submit(event) }
                pause = .milliseconds(milliseconds)
            } catch let error as StateStoreError where !error.isFatal {
                session.console.warn("\(error)")
            }
        }
    }

    private func serveRequests() async throws {
        try await session.serveRequests { request, needsLook in
            if needsLook { looks.notify() }
            if request == .lookAgain { try await lookAtWhatExists() }
        }
    }
}

/// What goes on side by side until something ends it.
enum Services {
    /// The first to end, be it because of a signal or by an error, ends all.
    ///
    /// - Parameter onStop: called then, before the others are asked to end.
    /// - Throws: the error of the first.
    static func run(
        _ services: [@Sendable () async throws -> Void], onStop: @escaping @Sendable () -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service() } }
            // The group waits for all of them, also after an error: one that hangs must not hang it.
            defer {
                onStop()
                group.cancelAll()
            }
            try await group.next()
        }
    }
}

/// A stop that hangs is no stop: everything that is durable is safe to be killed.
enum StopDeadline {
    private static let seconds = 9

    static func start() {
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) {
            Terminal.writeError("warning: not everything stopped within \(seconds) s\n")
            _exit(1)
        }
    }
}
