import GRDB
package import ResourceAPI

/// Where an artifact comes from: the runs that made it and, one after the other, their inputs.
package struct Lineage: Hashable, Sendable {
    package let artifact: Digest
    /// The first succeeded run that made each artifact. An input without a producer is a source
    /// file.
    package let producers: [Digest: RunRecord]

    /// From the artifact backwards: each run before those that made its inputs.
    package var runs: [RunRecord] {
        var ordered: [RunRecord] = []
        var seen: Set<Digest> = []
        var waiting = [artifact]
        while !waiting.isEmpty {
            let digest = waiting.removeFirst()
            guard seen.insert(digest).inserted, let run = producers[digest] else { continue }
            ordered.append(run)
            waiting += run.inputs.sorted { $0.key < $1.key }.map(\.value)
        }
        return ordered
    }
}

extension StateStore {
    /// Runs of one lineage: far more than any has.
    private static var lineageLimit: Int { 10_000 }

    /// The newest succeeded runs that made an artifact: other recipes may give the same bytes.
    package func producers(
        of artifact: Digest, limit: Int = 100
    ) async throws(StateStoreError) -> [RunRecord] {
        try await read { database in
            try database.records(
                "runs",
                """
                SELECT * FROM runs WHERE artifact = ? AND state = 'succeeded'
                ORDER BY seq DESC LIMIT ?
                """, [artifact, limit]
            ).map { try RunRecord($0) }
        }
    }

    package func lineage(of artifact: Digest) async throws(StateStoreError) -> Lineage {
        try await read { database in
            var producers: [Digest: RunRecord] = [:]
            var seen: Set<Digest> = [artifact]
            var waiting = [artifact]
            while let digest = waiting.popLast(), producers.count < Self.lineageLimit {
                guard let run = try producer(database, of: digest) else { continue }
                producers[digest] = run
                waiting += run.inputs.values.filter { seen.insert($0).inserted }
            }
            return Lineage(artifact: artifact, producers: producers)
        }
    }
}

private func producer(_ database: Database, of artifact: Digest) throws -> RunRecord? {
    try database.record(
        "runs",
        QuickQuery.producer.rawValue,
        [artifact]
    ).map { try RunRecord($0) }
}
