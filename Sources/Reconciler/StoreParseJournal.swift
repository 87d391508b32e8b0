import Foundation
import ResourceAPI
package import SourceControl
package import StateStore

/// Keeps what is being parsed in `<state>/run/parsing`, and what is suspected in
/// `<state>/run/parsing-suspects`: a file a line, its blob id and its path, after `alone` or `among`.
/// How often a file ended a process is in the database. The files are not synced: this is for crashes
/// of the process, not of the machine.
package struct StoreParseJournal: ParseJournal {
    /// Of suspects; of more, the newest are kept.
    private static let maximumSuspects = 100_000
    private let current: String
    private let suspects: String
    private let store: StateStore

    package init(store: StateStore) {
        self.store = store
        current = store.directory.path + "/run/parsing"
        suspects = store.directory.path + "/run/parsing-suspects"
    }

    private struct Line {
        let isAlone: Bool
        let blob: BlobID
        /// Nil in what nobody counts.
        let path: RepositoryPath?

        init(isAlone: Bool, blob: BlobID, path: RepositoryPath?) {
            self.isAlone = isAlone
            self.blob = blob
            self.path = path
        }

        init?(_ bytes: Data.SubSequence) {
            let words = bytes.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard words.count >= 2,
                let blob = Hex.decode(Array(words[1])).flatMap({ BlobID(bytes: $0) })
            else { return nil }
            isAlone = words[0].elementsEqual("alone".utf8)
            self.blob = blob
            path = words.count > 2 ? RepositoryPath(bytes: Array(words[2])) : nil
        }

        var bytes: [UInt8] {
            // A name with a newline in it would be two lines.
            let name = path?.bytes.filter { $0 != UInt8(ascii: "\n") } ?? []
            return Array("\(isAlone ? "alone" : "among") \(blob.hex) ".utf8) + name
                + [UInt8(ascii: "\n")]
        }
    }

    package func takeUp() async throws -> ParseTraces {
        let left = read(current)
        var suspected = left.map(\.blob)
        var seen = Set(suspected)
        suspected += read(suspects).map(\.blob).filter { seen.insert($0).inserted }
        try write(suspected)
        // Before the crash is counted: if this process ends here, one is not counted, and none twice.
        try? FileManager.default.removeItem(atPath: current)
        for line in left where line.isAlone {
            try await store.recordCrash(
                blobs: [(blob: line.blob.hex, path: line.path ?? RepositoryPath(""))])
        }
        let quarantined = try await Self.quarantined(in: store)
        return ParseTraces(
            suspects: Set(suspected).subtracting(quarantined), quarantined: quarantined)
    }

    /// Files that ended the controller twice; also for whoever only reads the state.
    package static func quarantined(in store: StateStore) async throws -> Set<BlobID> {
        let counts = try await store.crashCounts()
        return Set(
            counts.filter { $0.value >= StateStore.quarantineCrashes }.keys.compactMap {
                Hex.decode(Array($0.utf8)).flatMap { BlobID(bytes: $0) }
            })
    }

    package func begin(_ files: [TreeFile], alone: Bool) throws {
        try write(
            files.map { Line(isAlone: alone, blob: $0.blob, path: alone ? $0.path : nil) },
            to: current)
    }

    package func end(cleared: Set<BlobID>, suspects left: Set<BlobID>) async throws {
        try? FileManager.default.removeItem(atPath: current)
        guard !cleared.isEmpty else { return }
        try await store.forgetCrashes(blobs: cleared.map(\.hex))
        try write(left.sorted { $0.hex < $1.hex })
    }

    private func write(_ blobs: [BlobID]) throws {
        guard !blobs.isEmpty else {
            try? FileManager.default.removeItem(atPath: suspects)
            return
        }
        try write(
            blobs.prefix(Self.maximumSuspects).map { Line(isAlone: false, blob: $0, path: nil) },
            to: suspects)
    }

    private func write(_ lines: [Line], to path: String) throws {
        do {
            try Data(lines.flatMap(\.bytes)).write(to: URL(fileURLWithPath: path))
        } catch {
            throw PassingTrouble(
                message: "cannot write \(path): \(error.localizedDescription)")
        }
    }

    private func read(_ path: String) -> [Line] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { Line($0) }
    }
}
