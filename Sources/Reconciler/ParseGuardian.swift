package import Manifests
import ResourceAPI
package import SourceControl

/// Remembers across crashes which files were being parsed. A trap in Swift ends the process, so a
/// file that the parser cannot survive would otherwise end every controller that starts.
package protocol ParseJournal: Sendable {
    /// To be called once in a process, before the first `begin`: looks at what the last process left
    /// behind. A file that was parsed alone when it ended is counted; one of several is only suspected.
    func takeUp() async throws -> ParseTraces
    /// These are being parsed from now on, and no others.
    func begin(_ files: [TreeFile], alone: Bool) throws
    /// Nothing is being parsed.
    ///
    /// - Parameters:
    ///   - cleared: were parsed alone, and the process lives: nothing is held against them any more.
    ///   - suspects: are still to be parsed alone.
    func end(cleared: Set<BlobID>, suspects: Set<BlobID>) async throws
}

/// What is known of earlier processes.
package struct ParseTraces: Hashable, Sendable {
    /// Were being parsed, among others, when a process ended.
    package var suspects: Set<BlobID>
    /// Ended a process twice while they were parsed alone.
    package var quarantined: Set<BlobID>

    package init(suspects: Set<BlobID> = [], quarantined: Set<BlobID> = []) {
        self.suspects = suspects
        self.quarantined = quarantined
    }
}

/// Parses files so that one that ends the process is found and kept away: all at once at first; after
/// a crash, those that were being parsed one by one, whenever they come; after two crashes while it
/// was parsed alone, not the one at fault. One crash alone is not enough: somebody may have killed the
/// process at that moment.
package actor ParseGuardian {
    private let journal: (any ParseJournal)?
    /// Nil before the first files.
    private var traces: ParseTraces?

    package init(journal: (any ParseJournal)?) {
        self.journal = journal
        traces = journal == nil ? ParseTraces() : nil
    }

    /// For whoever only looks: keeps away from what is in quarantine.
    package init(quarantined: Set<BlobID>) {
        journal = nil
        traces = ParseTraces(quarantined: quarantined)
    }

    /// - Returns: in the order of `entries`.
    package func parse(_ entries: [TreeFile], _ bytes: [[UInt8]]) async throws -> [ParsedFile] {
        let files = zip(entries, bytes).map { ManifestFile(path: $0.path, bytes: $1) }
        guard !entries.isEmpty else { return [] }
        let known = try await known()
        let suspected = Set(entries.map(\.blob)).intersection(known.suspects)
            .subtracting(known.quarantined)
        let parsed: [ParsedFile]
        do {
            parsed = try await parse(entries, files, known, suspected)
        } catch {
            try await journal?.end(cleared: [], suspects: known.suspects)
            throw error
        }
        let left = known.suspects.subtracting(suspected)
        traces?.suspects = left
        try await journal?.end(cleared: suspected, suspects: left)
        return parsed
    }

    private func known() async throws -> ParseTraces {
        if let traces { return traces }
        let found = try await journal?.takeUp() ?? ParseTraces()
        traces = found
        return found
    }

    private func parse(
        _ entries: [TreeFile], _ files: [ManifestFile], _ known: ParseTraces,
        _ suspected: Set<BlobID>
    ) async throws -> [ParsedFile] {
        var results: [Int: ParsedFile] = [:]
        var together: [Int] = []
        for (index, entry) in entries.enumerated() {
            if known.quarantined.contains(entry.blob) {
                results[index] = ManifestParser.refuse(
                    files[index],
                    message: "this file is not read: reading it ended the controller twice",
                    hint: "change the file, and please report it")
            } else if suspected.contains(entry.blob) {
                try journal?.begin([entry], alone: true)
                results[index] = ManifestParser.parse(files[index])
            } else {
                together.append(index)
            }
        }
        if !together.isEmpty {
            try journal?.begin(together.map { entries[$0] }, alone: false)
            let parsed = await ManifestParser.parseEach(together.map { files[$0] })
            for (index, file) in zip(together, parsed) { results[index] = file }
        }
        return entries.indices.compactMap { results[$0] }
    }
}
