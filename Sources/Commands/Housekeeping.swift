import Dispatch
import Foundation
import Reconciler

/// Removes what would otherwise grow for as long as a controller runs.
struct Housekeeping: Sendable {
    static let interval = Duration.seconds(600)
    /// Of the hidden files in `run/`, which are halves of writes: a write takes milliseconds.
    private static let halfWrittenSeconds = 600

    let stateDirectory: String
    private let queue = DispatchQueue(label: "ingot.housekeeping", qos: .utility)

    init(stateDirectory: String) {
        self.stateDirectory = stateDirectory
    }

    func sweep() async {
        await withCheckedContinuation { continuation in
            queue.async {
                RunLogs(stateDirectory: stateDirectory).sweep()
                sweepHalfWritten()
                continuation.resume()
            }
        }
    }

    /// Processes that were killed while they wrote left them.
    private func sweepHalfWritten() {
        let folder = stateDirectory + "/run"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(".") {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0,
                time(nil) - status.st_mtim.tv_sec > Self.halfWrittenSeconds
            else { continue }
            unlink("\(folder)/\(name)")
        }
    }
}
