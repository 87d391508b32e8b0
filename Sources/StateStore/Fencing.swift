import GRDB
import ResourceAPI

extension StateStore {
    /// The newest writer's epoch, from 1; 0 if nobody has written yet.
    package func currentEpoch() async throws(StateStoreError) -> Int64 {
        try await read { database in try Fencing.row(database).current }
    }

    /// Before something is changed outside of the database.
    ///
    /// - Throws: `fenced` if another writer has opened the state since.
    package func requireNewest() async throws(StateStoreError) {
        let own = epoch
        try await read { database in try Fencing.check(database, own: own) }
    }
}

/// The number of the newest writer, which every writing transaction compares with its own. A lock
/// can be lost without its holder noticing (a paused process, a restored machine); this cannot.
struct Fencing {
    /// Nil: for the table's only row.
    struct Epoch {
        let current: Int64
        /// The store's epoch when it was found ahead of the database's: the database is an old one.
        let behind: Int64?
    }

    static func row(_ database: Database) throws -> Epoch {
        let record = try database.record("epoch", "SELECT current, behind FROM epoch")
        guard let record else {
            throw StateStoreError.damagedRecord(table: "epoch", column: "current")
        }
        return Epoch(current: try record.value("current"), behind: try record.optional("behind"))
    }

    /// - Parameter own: the epoch of the writer whose transaction this is.
    static func check(_ database: Database, own: Int64) throws {
        if PlantedMistake.skipFencing.isPlanted { return }
        let current = try row(database).current
        guard current == own else { throw StateStoreError.fenced(own: own, current: current) }
    }

    /// Makes the caller the newest writer.
    ///
    /// - Parameter stored: the epoch that the store has seen.
    /// - Returns: the new epoch: larger than any before it.
    static func advance(_ database: Database, stored: Int64) throws -> Int64 {
        let old = try row(database)
        let next = max(old.current, stored) + 1
        try database.change(
            "UPDATE epoch SET current = ?, behind = ?",
            [next, stored > old.current ? stored : old.behind])
        return next
    }
}

/// `store/epoch`: the newest epoch again, beside the files. A database that was restored from a
/// backup has an older one, and then does not know of all that the store holds.
struct EpochFile: Sendable {
    let blobs: BlobStore

    private var path: String { blobs.root + "/epoch" }

    /// 0 if there is none, or none that can be read: then nothing is known.
    func read() throws(StateStoreError) -> Int64 {
        try StateStoreError.translating { () throws(FileSystemError) in
            guard try blobs.fileSystem.status(of: path)?.kind == .file else { return 0 }
            var bytes: [UInt8] = []
            try blobs.fileSystem.read(path) { bytes += $0 }
            return Int64(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)) ?? 0
        }
    }

    func write(_ epoch: Int64) throws(StateStoreError) {
        try blobs.place(Array("\(epoch)\n".utf8), at: path, in: blobs.root)
    }
}
