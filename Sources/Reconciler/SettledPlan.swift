import Foundation
import Planning
package import ResourceAPI
import ResourceGraph
package import SourceControl

/// That nothing was left to do for a project's tree, in `run/settled-plan.json`: it spares `ingot
/// plan` reading ten thousand manifests to find that out again.
///
/// It is only ever a shortcut. Whoever uses it checks all on which the plan depends: the tree (which
/// has the manifests, the lock file and the data in the repository), the data outside, the program
/// itself, and that no artifact has been lost since.
package struct SettledPlan: Hashable, Sendable, Codable {
    /// Identity of the program: another one may compile the same manifests to other steps.
    package let program: String
    /// Of the project's folder, hex.
    package let tree: String
    package let projectPath: String
    /// Digest of the lock file.
    package let runtime: Digest
    /// Data files that are not in the commit, with their digests.
    package let outside: [String: Digest]
    package let dataRoots: [String]
    package let steps: Int
    /// What the plan needs, sorted.
    package let artifacts: [Digest]

    private static func path(_ stateDirectory: String) -> String {
        stateDirectory + "/run/settled-plan.json"
    }

    /// Nil if there is none, or none that can be read.
    package static func read(in stateDirectory: String) -> SettledPlan? {
        FileManager.default.contents(atPath: path(stateDirectory))
            .flatMap { try? JSONDecoder().decode(SettledPlan.self, from: $0) }
    }

    /// Nobody depends on it, so a full disk does no harm here.
    package func write(in stateDirectory: String) {
        try? RunFile.write(self, to: SettledPlan.path(stateDirectory))
    }

    package static func remove(in stateDirectory: String) {
        try? FileManager.default.removeItem(atPath: path(stateDirectory))
    }
}

extension Observer {
    /// - Parameters:
    ///   - commit: for which nothing is left to do.
    ///   - program: identity of this program.
    /// - Returns: nil if another commit was looked at since.
    package func settledPlan(
        for commit: CommitID, artifacts: Set<Digest>, program: String
    ) async throws -> SettledPlan? {
        guard let last, last.commit == commit else { return nil }
        var outside: [String: Digest] = [:]
        for path in await sources.outsidePaths {
            guard case .present(let digest)? = lastSources[path] else { return nil }
            outside[path.display] = digest
        }
        return SettledPlan(
            program: program, tree: try await repository.projectTree(of: commit, at: projectPath),
            projectPath: projectPath.display, runtime: last.compiled.runtime, outside: outside,
            dataRoots: last.compiled.graph.project.dataRoots.map(\.display),
            steps: last.compiled.graph.order.count, artifacts: artifacts.sorted())
    }
}

extension Repository {
    /// Identity of all that a project's folder holds.
    package func projectTree(
        of commit: CommitID, at path: RepositoryPath
    ) async throws -> String {
        // The whole tree where the project is the whole repository; else the commit stands for it.
        path.bytes.isEmpty ? try await treeID(of: commit).hex : commit.hex
    }
}
