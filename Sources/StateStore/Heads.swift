import GRDB
package import ResourceAPI

extension StateStore {
    /// The commit that a pointer was last seen at and reconciled to, whatever came of it; nil if
    /// none.
    package func lastReconciledCommit(
        _ pointer: String
    ) async throws(StateStoreError) -> CommitID? {
        try await reconciledCommits(pointer, limit: 1).first
    }

    /// Every commit that a pointer was ever reconciled to, each once, the last one first.
    package func reconciledCommits(
        _ pointer: String, limit: Int = .max
    ) async throws(StateStoreError) -> [CommitID] {
        try await read { database in
            var commits: [CommitID] = []
            var seen: Set<CommitID> = []
            let rows = try Row.fetchCursor(
                try database.cachedStatement(
                    sql: "SELECT \"commit\" FROM revisions WHERE pointer = ? ORDER BY seq DESC"),
                arguments: [pointer])
            while commits.count < limit, let row = try rows.next() {
                let commit: CommitID = try Record("revisions", row).value("commit")
                if seen.insert(commit).inserted { commits.append(commit) }
            }
            return commits
        }
    }
}
