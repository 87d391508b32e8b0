import Foundation

/// The logs of runs, in `<state>/logs`: those of the newest runs stay, as many as the limits say.
package struct RunLogs: Sendable {
    package struct Limits: Hashable, Sendable {
        package var runs: Int
        /// Of all logs together.
        package var bytes: Int64

        package init(runs: Int = 20_000, bytes: Int64 = 4 << 30) {
            self.runs = runs
            self.bytes = bytes
        }
    }

    package let limits: Limits
    private let state: String

    /// - Parameter stateDirectory: absolute.
    package init(stateDirectory: String, limits: Limits = Limits()) {
        state = stateDirectory
        self.limits = limits
    }

    private var folder: String { state + "/logs" }
    /// Holds the id of the newest run whose log was removed.
    private var markPath: String { folder + "/removed" }
    /// The last is what a failed profile step leaves.
    private static let suffixes = [".log", ".jsonl", ".profile.json"]

    /// Removes the oldest logs beyond the limits, but none of a run that is going on. Looks at each
    /// file: some hundred milliseconds at the limit.
    ///
    /// - Returns: of how many runs.
    @discardableResult
    package func sweep() -> Int {
        let sizes = sizes()
        var bytes: Int64 = 0
        var kept = 0
        var removed: [String] = []
        // Ids begin with the time.
        for id in sizes.keys.sorted(by: >) {
            bytes += sizes[id] ?? 0
            if kept < limits.runs, bytes <= limits.bytes || kept == 0 {
                kept += 1
            } else if !FileManager.default.fileExists(atPath: "\(state)/work/\(id)") {
                removed.append(id)
            }
        }
        guard let newest = removed.first else { return 0 }
        // First, so that no log is gone without a trace. On a full disk room comes before a trace.
        let mark = max(newest, self.mark ?? "")
        try? Data(mark.utf8).write(to: URL(fileURLWithPath: markPath), options: .atomic)
        for id in removed {
            for suffix in Self.suffixes { unlink("\(folder)/\(id)\(suffix)") }
        }
        return removed.count
    }

    /// Whether the log of a run is not there any more.
    package func wasRemoved(_ run: String) -> Bool {
        guard let mark, run <= mark else { return false }
        return !Self.suffixes.contains {
            FileManager.default.fileExists(atPath: "\(folder)/\(run)\($0)")
        }
    }

    private var mark: String? {
        FileManager.default.contents(atPath: markPath).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The profile of a dataset whose expectations failed.
    package func failedProfile(of run: String) -> String { "\(folder)/\(run).profile.json" }

    /// In bytes, of all files of each run.
    private func sizes() -> [String: Int64] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var sizes: [String: Int64] = [:]
        for name in names {
            // Those of instances are the gateway's.
            guard !name.hasPrefix("instance-"), !name.hasPrefix("."),
                let suffix = Self.suffixes.first(where: name.hasSuffix)
            else { continue }
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
            sizes[String(name.dropLast(suffix.count)), default: 0] += Int64(status.st_size)
        }
        return sizes
    }
}
