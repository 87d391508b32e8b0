import Foundation
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

/// Reads the sources of datasets and has what they hold published.
struct SnapshotTaking {
    /// What came of one dataset.
    struct Taken {
        let dataset: ResourceID
        /// Nil if it was not pinned before.
        let before: SnapshotLock.Entry?
        let entry: SnapshotLock.Entry
        let rows: Int64?
        /// Of the source when it was read.
        let version: String?

        /// Names of columns that the source did not have before, if that is known.
        var newColumns: [String] {
            guard let old = before?.columns, let now = entry.columns else { return [] }
            let names = Set(old.map(\.name))
            return now.map(\.name).filter { !names.contains($0) }
        }

        /// The same in words; empty if there are none.
        var newColumnsText: String {
            let names = newColumns
            guard !names.isEmpty else { return "" }
            let shown = names.prefix(5).joined(separator: ", ")
            let more = names.count > 5 ? " and \(names.count - 5) more" : ""
            return ", new \(names.count == 1 ? "column" : "columns"): \(shown)\(more)"
        }

        var isChanged: Bool { before?.holdsTheSame(as: entry) != true }
    }

    let compiled: CompiledCommit
    let revision: Revision
    let reader: SnapshotReader
    let stateDirectory: String
    let actor: String
    /// Of an artifact's files in a folder.
    let digest: @Sendable (String) async throws -> Digest
    let publish: @Sendable (SnapshotOrder) async throws -> Void

    /// The datasets that are meant if nobody names any: those that only `ingot.lock` can pin, and
    /// those that it pins.
    static func standard(_ compiled: CompiledCommit) -> [ResourceID] {
        compiled.graph.resources.values.filter { resource in
            guard let source = resource.dataset?.source, source.mayBePinned else { return false }
            return source.isOutside || compiled.snapshots.entries[resource.id.name] != nil
        }.map(\.id).sorted()
    }

    static func named(_ words: [String], in compiled: CompiledCommit) throws -> [ResourceID] {
        try words.map { word in
            let name = word.hasPrefix("dataset/") ? String(word.dropFirst(8)) : word
            let known = compiled.graph.resources.keys.filter { $0.kind == .dataset }
            guard let name = ResourceName(name),
                let id = known.first(where: { $0.name == name })
            else {
                throw CommandError.unknownResource(
                    "dataset/\(name)",
                    hint: NearName.hint(for: name, among: known.map(\.name.text).sorted()))
            }
            guard compiled.graph.resources[id]?.dataset?.source.mayBePinned == true else {
                throw CommandError.notPinnable(id)
            }
            return id
        }
    }

    /// - Parameter isDryRun: nothing is published.
    func take(_ dataset: ResourceID, isDryRun: Bool) async throws -> Taken {
        let folder = try SnapshotFolders.make(in: stateDirectory)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let reading = try await reader.read(dataset, in: folder)
        let digest = try await digest(reading.folder)
        let before = compiled.snapshots.entries[dataset.name]
        let entry = SnapshotLock.Entry(
            digest: digest, observed: TimeText.moment(milliseconds: TimeText.now),
            version: reading.version, columns: reading.columns)
        // What is pinned already keeps its moment: nothing has changed.
        let kept = before.map { $0.holdsTheSame(as: entry) ? $0 : entry } ?? entry
        if !isDryRun, let step = compiled.graph.pinnedSnapshot(of: dataset, kept),
            let order = SnapshotOrder(
                reading, step: step, digest: digest, revision: revision,
                runtime: compiled.runtime, actor: actor)
        {
            try await publish(order)
        }
        return Taken(
            dataset: dataset, before: before, entry: kept, rows: reading.rows,
            version: reading.version)
    }

    /// See `SnapshotReader.version`.
    func version(of dataset: ResourceID) async throws -> String? {
        let folder = try SnapshotFolders.make(in: stateDirectory)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await reader.version(of: dataset, in: folder)
    }
}

/// `<state>/snapshots/<process>-<number>`.
enum SnapshotFolders {
    static func make(in stateDirectory: String) throws -> String {
        let folder = StateStore.snapshotFolder(in: stateDirectory) + "/" + newName()
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    static func newName() -> String {
        "\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: .min ... .max))"
    }

    /// Removes what processes have left behind that do not live any more.
    static func sweep(in stateDirectory: String) {
        let folder = StateStore.snapshotFolder(in: stateDirectory)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names {
            guard let process = name.split(separator: "-").first.flatMap({ pid_t($0) }),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: folder + "/" + name)
        }
    }
}
