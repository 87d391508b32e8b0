import Dispatch
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Glibc
import Inference
import Logging
import ResourceAPI

/// Reads a file of JSON whenever it changes: its folder is watched with inotify (the file itself is
/// replaced by renaming), and it is read again every two seconds in case an event was lost.
///
/// `@unchecked Sendable`: all state after `init` is used on the serial queue only.
final class PlanWatcher: @unchecked Sendable {
    private let path: String
    private let logger: Logger
    private let queue = DispatchQueue(label: "ingot.plan-watcher")
    private let continuation: AsyncStream<ServingPlan>.Continuation
    private var sources: [any DispatchSourceProtocol] = []
    private var last: [UInt8]?

    /// Every valid content of the file, the first as soon as there is one. What is not valid is
    /// logged, and the plan before it stays.
    let plans: AsyncStream<ServingPlan>

    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
        (plans, continuation) = AsyncStream.makeStream(
            of: ServingPlan.self, bufferingPolicy: .bufferingNewest(1))
    }

    func start() {
        queue.async { self.open() }
    }

    func stop() {
        queue.async {
            for source in self.sources { source.cancel() }
            self.sources = []
            self.continuation.finish()
        }
    }

    private func open() {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor >= 0 {
            inotify_add_watch(
                descriptor, folder, UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO))
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in
                // Which file it was does not matter: reading is cheap.
                var buffer = [UInt8](repeating: 0, count: 4096)
                while Glibc.read(descriptor, &buffer, buffer.count) > 0 {}
                self?.readFile()
            }
            source.setCancelHandler { close(descriptor) }
            source.activate()
            sources.append(source)
        }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now(), repeating: .seconds(2))
        timer.setEventHandler { [weak self] in self?.readFile() }
        timer.activate()
        sources.append(timer)
    }

    private func readFile() {
        guard
            let bytes = try? BoundedFile.read(path: path, limitBytes: ServingLimits.planBytes),
            bytes != last
        else { return }
        last = bytes
        do {
            continuation.yield(
                try JSONDecoder().decode(ServingPlan.self, from: Data(bytes)))
        } catch {
            logger.error(
                "the serving plan is not valid and is not used", metadata: ["path": "\(path)"])
        }
    }
}
