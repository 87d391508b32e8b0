import GRDB
package import ResourceAPI

extension StateStore {
    /// Records that a person agrees to something that a commit does and that is held back without
    /// it. Saying so again changes nothing.
    ///
    /// - Parameter what: such as `prune` or `history`.
    /// - Returns: whether it is new.
    @discardableResult
    package func approve(
        commit: CommitID, actor: String, what: String
    ) async throws(StateStoreError) -> Bool {
        let now = clock()
        return try await write { database in
            try database.change(
                "INSERT INTO approvals VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [commit, what, actor, now])
            guard database.changesCount > 0 else { return false }
            let origin = ChangeOrigin(actor: actor, commit: commit, cause: "asked for")
            try EventChain(database: database, time: now).append(
                NewEvent(.approved, origin: origin, result: what))
            return true
        }
    }

    package func approvals(of commit: CommitID) async throws(StateStoreError) -> Set<String> {
        try await read { database in
            let records = try database.records(
                "approvals", "SELECT what FROM approvals WHERE \"commit\" = ?", [commit])
            return Set(try records.map { try $0.value("what") as String })
        }
    }
}
