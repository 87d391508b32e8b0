import Foundation

/// Scratch folders on this machine's disk: `<state>/work/<run>` and logs in `<state>/logs`.
package struct LocalWorkFolders: WorkFolders {
    private let state: String

    /// - Parameter stateDirectory: absolute.
    package init(stateDirectory: String) {
        state = stateDirectory
    }

    private func path(_ runID: String) -> String { "\(state)/work/\(runID)" }

    package func make(_ runID: String) throws -> String {
        do {
            try FileManager.default.createDirectory(
                atPath: path(runID), withIntermediateDirectories: true)
        } catch {
            throw PassingTrouble(
                message: "cannot make \(path(runID)): \(error.localizedDescription)",
                isOfStore: true)
        }
        return path(runID)
    }

    package func remove(_ runID: String) {
        try? FileManager.default.removeItem(atPath: path(runID))
    }

    package func log(_ runID: String) -> String { "\(state)/logs/\(runID).log" }
}
