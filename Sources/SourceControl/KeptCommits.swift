import CLibGit2
import Glibc
import ResourceAPI

/// `refs/ingot/seen/<commit>`: what keeps every commit that was ever reconciled, with all of its
/// history, from garbage collection. A commit that another kept one contains needs no reference of
/// its own, so that a branch that only grows costs one, and each rewritten history one more.
extension GitHandle {
    static let seenFolder = "refs/ingot/seen/"
    /// More loose ones than this are moved to packed-refs.
    static let maxLooseKept = 64
    /// Of how many commits it is asked whether a new one contains them.
    private static let maxCompared = 64

    func keepAlive(_ commit: CommitID) throws(SourceControlError) {
        guard try contains(commit) else {
            throw SourceControlError.missingObject(kind: "commit", id: commit.hex)
        }
        let kept = try keptCommits()
        guard try !isContained(commit, in: kept) else { return }
        try setReference(Self.seenFolder + commit.hex, to: commit)
        // Only now, so that a crash leaves one too many and never one too few.
        for old in kept.prefix(Self.maxCompared) where old != commit {
            if try isAncestor(old, of: commit) {
                try removeReference(Self.seenFolder + old.hex)
            }
        }
        if looseKept > Self.maxLooseKept { try packReferences() }
    }

    private func isContained(
        _ commit: CommitID, in kept: [CommitID]
    ) throws(SourceControlError) -> Bool {
        if kept.contains(commit) { return true }
        guard !kept.isEmpty else { return false }
        var oid = try git_oid(commit)
        var others: [git_oid] = []
        for other in kept { others.append(try git_oid(other)) }
        let code = git_graph_reachable_from_any(pointer, &oid, others, others.count)
        try LibGit2.check(code, "compare commit \(commit.short) with those that are kept")
        return code == 1
    }

    /// In no special order.
    func keptCommits() throws(SourceControlError) -> [CommitID] {
        let iterator = try LibGit2.acquire("list the kept commits") {
            git_reference_iterator_glob_new(&$0, pointer, Self.seenFolder + "*")
        }
        defer { git_reference_iterator_free(iterator) }
        var commits: [CommitID] = []
        while true {
            var name: UnsafePointer<CChar>?
            let code = git_reference_next_name(&name, iterator)
            if code == GIT_ITEROVER.rawValue { return commits }
            try LibGit2.check(code, "list the kept commits")
            guard let name else { continue }
            let hex = String(String(cString: name).dropFirst(Self.seenFolder.count))
            if let commit = CommitID(hex) { commits.append(commit) }
        }
    }

    private var looseKept: Int {
        guard let folder = opendir(commonDirectory + Self.seenFolder) else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count - 2
    }

    private func packReferences() throws(SourceControlError) {
        let database = try LibGit2.acquire("pack the references") {
            git_repository_refdb(&$0, pointer)
        }
        defer { git_refdb_free(database) }
        try LibGit2.check(git_refdb_compress(database), "pack the references")
    }

    func removeReference(_ name: String) throws(SourceControlError) {
        try LibGit2.check(git_reference_remove(pointer, name), "remove \(name)")
    }

    func setReference(_ name: String, to commit: CommitID) throws(SourceControlError) {
        if try self.commit(ofReference: name) == commit { return }
        var oid = try git_oid(commit)
        let reference = try LibGit2.acquire("write \(name)") {
            git_reference_create(&$0, pointer, name, &oid, 1, "ingot: fetch")
        }
        git_reference_free(reference)
    }
}
