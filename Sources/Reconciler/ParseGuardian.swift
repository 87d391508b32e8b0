package import Manifests
import ResourceAPI
package import SourceControl

/// Remembers across crashes which files were being parsed. A trap in Swift ends the process, so a
/// file that the parser cannot survive would otherwise end every controller that starts.
package protocol ParseJournal: Sendable {
    /// Files that were being parsed when the last process ended; and those among them that were
    /// being parsed alone.
    func suspects() async throws -> (all: Set<BlobID>, alone: Set<BlobID>)
    /// Blobs that ended a process twice.
    func quarantined() async throws -> Set<BlobID>
    func quarantine(_ file: TreeFile) async throws
    func begin(_ files: [TreeFile], alone: Bool) throws
    func end()
}

/// Parses files so that one that ends the process is found and kept away: all at once at first; after
/// a crash, those that were being parsed one by one; after a second crash, not the one at fault.
package actor ParseGuardian {
    private let journal: (any ParseJournal)?
    private var suspects: Set<BlobID>?
    private var quarantined: Set<BlobID> = []

    package init(journal: (any ParseJournal)?) {
        self.journal = journal
    }

    /// - Returns: in the order of `entries`.
    package func parse(_ entries: [TreeFile], _ bytes: [[UInt8]]) async throws -> [ParsedFile] {
        let files = zip(entries, bytes).map { ManifestFile(path: $0.path, bytes: $1) }
        guard let journal, !entries.isEmpty else {
            return await ManifestParser.parseEach(files)
        }
        let suspects = try await suspects(entries, journal)
        defer { journal.end() }
        var results: [Int: ParsedFile] = [:]
        var together: [Int] = []
        for (index, entry) in entries.enumerated() {
            if quarantined.contains(entry.blob) {
                results[index] = ManifestParser.refuse(
                    files[index],
                    message: "this file is not read: reading it ended the controller twice",
                    hint: "change the file, and please report it")
            } else if suspects.contains(entry.blob) {
                try journal.begin([entry], alone: true)
                results[index] = ManifestParser.parse(files[index])
            } else {
                together.append(index)
            }
        }
        try journal.begin(together.map { entries[$0] }, alone: false)
        let parsed = await ManifestParser.parseEach(together.map { files[$0] })
        for (index, file) in zip(together, parsed) { results[index] = file }
        return entries.indices.compactMap { results[$0] }
    }

    private func suspects(
        _ entries: [TreeFile], _ journal: any ParseJournal
    ) async throws -> Set<BlobID> {
        if let suspects { return suspects }
        let left = try await journal.suspects()
        for entry in entries where left.alone.contains(entry.blob) {
            try await journal.quarantine(entry)
        }
        quarantined = try await journal.quarantined()
        suspects = left.all
        return left.all
    }
}
