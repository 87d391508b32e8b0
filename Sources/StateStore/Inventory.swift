import GRDB
package import ResourceAPI

/// The last applied manifest of a resource: what stays in force while its file cannot be read.
package struct InventoryEntry: Hashable, Sendable {
    package let resource: ResourceID
    package let file: RepositoryPath
    /// Object id of the file's blob, lower-case hex.
    package let blob: String
    /// At which the blob was applied.
    package let commit: CommitID
    package init(resource: ResourceID, file: RepositoryPath, blob: String, commit: CommitID) {
        self.resource = resource
        self.file = file
        self.blob = blob
        self.commit = commit
    }

    init(_ record: Record) throws(StateStoreError) {
        resource = try record.value("resource")
        file = try record.value("file")
        blob = try record.value("blob")
        commit = try record.value("commit")
    }
}

extension StateStore {
    /// How many resources the event of an application names.
    private static var namedLimit: Int { 100 }

    /// Sorted by resource.
    package func inventory() async throws(StateStoreError) -> [InventoryEntry] {
        try await read { database in
            try database.records("inventory", "SELECT * FROM inventory")
                .map { try InventoryEntry($0) }
        }.sorted { $0.resource < $1.resource }
    }

    /// Records which manifests were applied and which resources were pruned, in one transaction.
    package func replaceInventory(
        applied: [InventoryEntry], pruned: [ResourceID], origin: ChangeOrigin
    ) async throws(StateStoreError) {
        guard !applied.isEmpty || !pruned.isEmpty else { return }
        let now = clock()
        try await write { database in
            let chain = EventChain(database: database, time: now)
            for entry in applied {
                try database.change(
                    "INSERT OR REPLACE INTO inventory VALUES (?, ?, ?, ?)",
                    [entry.resource, entry.file, entry.blob, entry.commit])
            }
            if !applied.isEmpty {
                let names = applied.map(\.resource).sorted().prefix(Self.namedLimit)
                try chain.append(
                    NewEvent(
                        .manifestsApplied, origin: origin, result: "\(applied.count) resources",
                        payload: [
                            "count": .int(Int64(applied.count)),
                            "resources": .array(names.map { .string($0.description) }),
                        ]))
            }
            for resource in pruned {
                try database.change("DELETE FROM inventory WHERE resource = ?", [resource])
                guard database.changesCount > 0 else { continue }
                try chain.append(
                    NewEvent(.resourcePruned, resource, origin: origin, result: "removed"))
            }
        }
    }
}
