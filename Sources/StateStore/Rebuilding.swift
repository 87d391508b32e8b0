import GRDB
import ResourceAPI

/// What the store's records say, read and checked.
struct RebuildMaterial: Sendable {
    struct Result: Sendable {
        let row: StoredRow
        let path: String
        let artifact: Digest
        /// Empty if the list of files is gone.
        let files: [ArtifactFile]
        /// Every byte is as it was.
        let isWhole: Bool
    }

    /// In the order in which they ran.
    private(set) var results: [Result] = []
    private(set) var versions: [(row: StoredRow, path: String)] = []
    private(set) var unusable: [String] = []

    init(_ blobs: BlobStore) throws(StateStoreError) {
        let records = StoreRecords(blobs: blobs)
        let paths = try records.list()
        let inspector = ArtifactInspector(blobs: blobs)
        for path in paths.results {
            guard let row = try records.read(path),
                let artifact: Digest = row.value("artifact"),
                let _: Int64 = row.value("started_at"), let _: String = row.value("id")
            else {
                unusable.append(path)
                continue
            }
            results.append(RebuildMaterial.result(row, path, artifact, inspector))
        }
        results.sort { $0.order < $1.order }
        for path in paths.versions {
            if let row = try records.read(path) {
                versions.append((row, path))
            } else {
                unusable.append(path)
            }
        }
        versions.sort {
            ($0.row.value("created_at") ?? 0 as Int64) < ($1.row.value("created_at") ?? 0)
        }
    }

    private static func result(
        _ row: StoredRow, _ path: String, _ artifact: Digest, _ inspector: ArtifactInspector
    ) -> Result {
        var files: [ArtifactFile] = []
        do throws(StateStoreError) {
            files = try inspector.list(of: artifact)
            try inspector.check(artifact, isDeep: true)
            return Result(row: row, path: path, artifact: artifact, files: files, isWhole: true)
        } catch {
            return Result(row: row, path: path, artifact: artifact, files: files, isWhole: false)
        }
    }
}

extension RebuildMaterial.Result {
    fileprivate var order: (Int64, String) {
        (row.value("started_at") ?? 0, row.value("id") ?? "")
    }
}

/// Fills an empty database, inside one transaction.
struct Rebuilding {
    let database: Database
    let now: Int64

    /// - Returns: how many results and which records of versions could not be used.
    func fill(
        _ material: RebuildMaterial, epoch: Int64
    ) throws -> (results: Int, versions: [String]) {
        var lost = 0
        for result in material.results {
            if try !attempt({ try insert(result) }) { lost += 1 }
        }
        var unusable: [String] = []
        for (row, path) in material.versions {
            if try !attempt({ try row.insert(into: "versions", database) }) {
                unusable.append(path)
            }
        }
        try database.change("UPDATE epoch SET current = ?", [epoch])
        let last = try Int64.fetchOne(database, sql: "SELECT max(seq) FROM runs") ?? 0
        let origin = ChangeOrigin(actor: "rebuild", cause: "asked for")
        try EventChain(database: database, time: now).append(
            NewEvent(
                .rebuilt, origin: origin,
                result: "\(material.results.count - lost) results from the store",
                payload: ["lastRun": .int(last)]))
        return (lost, unusable)
    }

    /// A record that contradicts another is left out, alone.
    private func attempt(_ body: () throws -> Void) throws -> Bool {
        do {
            try database.inSavepoint {
                try body()
                return .commit
            }
            return true
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            return false
        }
    }

    private func insert(_ result: RebuildMaterial.Result) throws {
        let state = result.isWhole ? "present" : result.files.isEmpty ? "collected" : "damaged"
        let bytes: Int64 = result.row.value("bytes") ?? 0
        try database.change(
            "INSERT INTO artifacts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [result.artifact, bytes, state, now])
        for file in result.files {
            try database.change(
                "INSERT INTO artifact_files VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [result.artifact, file.name, file.digest, file.size])
        }
        try result.row.insert(into: "runs", database, without: ["seq"])
        try database.change(
            """
            INSERT INTO fingerprints
            SELECT fingerprint, artifact, id, max(0, finished_at - started_at)
            FROM runs WHERE id = ?
            """, [result.row.value("id") as String?])
    }
}
