import Dispatch
import Foundation
import Glibc
package import ResourceAPI

/// Follows what the gateway reports: the newest report at each change, nil while no gateway runs.
package enum ReportWatcher {
    /// A gateway that is killed cannot say so: its absence is noticed within this time.
    private static let interval: Duration = .seconds(2)

    package static func reports(in stateDirectory: String) -> AsyncStream<ServingReport?> {
        let (stream, post) = AsyncStream.makeStream(
            of: ServingReport?.self, bufferingPolicy: .bufferingNewest(1))
        let folder = stateDirectory + "/run"
        let watch = FolderWatch(folder: folder) {
            post.yield(RunFile.report(in: stateDirectory))
        }
        let polling = Task {
            while !Task.isCancelled {
                post.yield(RunFile.report(in: stateDirectory))
                do { try await Task.sleep(for: interval) } catch { return }
            }
        }
        post.onTermination = { _ in
            polling.cancel()
            watch?.stop()
        }
        return stream
    }
}

/// Calls back when a file of a folder was renamed into place or removed.
final class FolderWatch: @unchecked Sendable {
    // Unchecked: a dispatch source may be cancelled from any thread, and nothing else is done.
    private let source: any DispatchSourceRead

    init?(folder: String, onChange: @escaping @Sendable () -> Void) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let mask = UInt32(IN_MOVED_TO | IN_DELETE)
        guard inotify_add_watch(descriptor, folder, mask) >= 0 else {
            close(descriptor)
            return nil
        }
        let queue = DispatchQueue(label: "ingot.report")
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while read(descriptor, &buffer, buffer.count) > 0 {}
            onChange()
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
        self.source = source
    }

    func stop() { source.cancel() }
}
