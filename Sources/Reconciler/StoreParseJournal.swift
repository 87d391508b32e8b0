import Foundation
import ResourceAPI
package import SourceControl
package import StateStore

/// Keeps what is being parsed in `<state>/run/parsing` (blob ids, one a line; those parsed alone are
/// marked). Not synced: it is for crashes of the process, not of the machine.
package struct StoreParseJournal: ParseJournal {
    private static let aloneMark = "alone "
    private let path: String
    private let store: StateStore

    package init(store: StateStore) {
        self.store = store
        path = store.directory.path + "/run/parsing"
    }

    package func suspects() async throws -> (all: Set<BlobID>, alone: Set<BlobID>) {
        guard let data = FileManager.default.contents(atPath: path) else { return ([], []) }
        var all: Set<BlobID> = []
        var alone: Set<BlobID> = []
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let isAlone = line.hasPrefix(Self.aloneMark)
            let hex = isAlone ? line.dropFirst(Self.aloneMark.count) : line
            guard let blob = Hex.decode(Array(hex.utf8)).flatMap({ BlobID(bytes: $0) }) else {
                continue
            }
            all.insert(blob)
            if isAlone { alone.insert(blob) }
        }
        return (all, alone)
    }

    package func quarantined() async throws -> Set<BlobID> {
        let counts = try await store.crashCounts()
        return Set(
            counts.filter { $0.value >= 2 }.keys.compactMap {
                Hex.decode(Array($0.utf8)).flatMap { BlobID(bytes: $0) }
            })
    }

    package func quarantine(_ file: TreeFile) async throws {
        // The first crash, among others, was not recorded: it named too many.
        for _ in 0..<2 {
            try await store.recordCrash(blobs: [(blob: file.blob.hex, path: file.path)])
        }
    }

    package func begin(_ files: [TreeFile], alone: Bool) throws {
        guard !files.isEmpty else { return }
        let lines = files.map { (alone ? Self.aloneMark : "") + $0.blob.hex + "\n" }
        do {
            try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw PassingTrouble(
                message: "cannot write \(path): \(error.localizedDescription)")
        }
    }

    package func end() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
