import CLibGit2
import Glibc
import ResourceAPI

/// Commits and how they hang together.
extension GitHandle {
    /// Of a commit's message.
    static let maxMessageBytes = 64 << 10
    /// How many commits `history` looks at to find those that changed a path.
    static let maxVisitedCommits = 200_000

    func commit(_ id: CommitID) throws(SourceControlError) -> CommitInfo {
        let commit = try lookUpCommit(id)
        defer { git_commit_free(commit) }
        return try info(of: commit, id: id)
    }

    private func info(
        of commit: OpaquePointer, id: CommitID
    ) throws(SourceControlError) -> CommitInfo {
        var parents: [CommitID] = []
        for index in 0..<git_commit_parentcount(commit) {
            guard let oid = git_commit_parent_id(commit, index)?.pointee else { continue }
            parents.append(try oid.commit)
        }
        return CommitInfo(
            id: id, parents: parents, author: person(git_commit_author(commit)),
            committer: person(git_commit_committer(commit)),
            summary: text(git_commit_summary(commit), limit: 1024),
            message: text(git_commit_message(commit), limit: Self.maxMessageBytes))
    }

    private func person(_ signature: UnsafePointer<git_signature>?) -> CommitInfo.Person {
        guard let signature else { return CommitInfo.Person(name: "", email: "", time: 0) }
        return CommitInfo.Person(
            name: text(signature.pointee.name, limit: 1024),
            email: text(signature.pointee.email, limit: 1024), time: signature.pointee.when.time)
    }

    private func text(_ pointer: UnsafePointer<CChar>?, limit: Int) -> String {
        guard let pointer else { return "" }
        let bytes = UnsafeRawBufferPointer(start: pointer, count: strnlen(pointer, limit))
        return String(decoding: bytes, as: UTF8.self)
    }

    func contains(_ id: CommitID) throws(SourceControlError) -> Bool {
        var oid = try git_oid(id)
        let commit = try LibGit2.find("read commit \(id.short)") {
            git_commit_lookup(&$0, pointer, &oid)
        }
        git_commit_free(commit)
        return commit != nil
    }

    func isAncestor(_ a: CommitID, of b: CommitID) throws(SourceControlError) -> Bool {
        guard a != b else { return true }
        var ancestor = try git_oid(a)
        var descendant = try git_oid(b)
        guard try contains(a), try contains(b) else {
            throw SourceControlError.missingObject(
                kind: "commit", id: try contains(a) ? b.hex : a.hex)
        }
        let code = git_graph_descendant_of(pointer, &descendant, &ancestor)
        try LibGit2.check(code, "compare commits \(a.short) and \(b.short)")
        return code == 1
    }

    func mergeBase(_ a: CommitID, _ b: CommitID) throws(SourceControlError) -> CommitID? {
        var one = try git_oid(a)
        var two = try git_oid(b)
        var base = git_oid()
        let code = git_merge_base(&base, pointer, &one, &two)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try LibGit2.check(code, "find the merge base of \(a.short) and \(b.short)")
        return try base.commit
    }

    func history(
        of path: RepositoryPath?, from start: CommitID, limit: Int
    ) throws(SourceControlError) -> [CommitInfo] {
        let name = try path.map { path throws(SourceControlError) in try cPath(path) }
        let walk = try LibGit2.acquire("read the history") { git_revwalk_new(&$0, pointer) }
        defer { git_revwalk_free(walk) }
        // Children before their parents, and otherwise by time.
        let order = GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_TIME.rawValue
        try LibGit2.check(git_revwalk_sorting(walk, order), "read the history")
        var oid = try git_oid(start)
        try LibGit2.check(git_revwalk_push(walk, &oid), "read the history of \(start.short)")
        var result: [CommitInfo] = []
        var visited = 0
        while result.count < limit, visited < Self.maxVisitedCommits {
            let code = git_revwalk_next(&oid, walk)
            if code == GIT_ITEROVER.rawValue { break }
            try LibGit2.check(code, "read the history of \(start.short)")
            visited += 1
            if visited.isMultiple(of: 256) { try Self.checkCancellation() }
            let id = try oid.commit
            let commit = try lookUpCommit(id)
            defer { git_commit_free(commit) }
            if let name, try !changes(commit, name) { continue }
            result.append(try info(of: commit, id: id))
        }
        return result
    }

    /// Whether the path is another one than in every parent.
    private func changes(
        _ commit: OpaquePointer, _ path: [CChar]
    ) throws(SourceControlError) -> Bool {
        let own = try entry(of: commit, path)
        let parents = git_commit_parentcount(commit)
        if parents == 0 { return own != nil }
        for index in 0..<parents {
            let parent = try LibGit2.acquire("read the history") {
                git_commit_parent(&$0, commit, index)
            }
            defer { git_commit_free(parent) }
            if try entry(of: parent, path) == own { return false }
        }
        return true
    }

    /// Mode and id of what stands at the path, as bytes; nil if nothing does.
    private func entry(
        of commit: OpaquePointer, _ path: [CChar]
    ) throws(SourceControlError) -> [UInt8]? {
        let tree = try LibGit2.acquire("read the history") { git_commit_tree(&$0, commit) }
        defer { git_tree_free(tree) }
        let entry = try LibGit2.find("read the history") {
            git_tree_entry_bypath(&$0, tree, path)
        }
        guard let entry else { return nil }
        defer { git_tree_entry_free(entry) }
        let mode = git_tree_entry_filemode_raw(entry).rawValue
        let id = git_tree_entry_id(entry)?.pointee.bytes ?? []
        return withUnsafeBytes(of: mode) { Array($0) } + id
    }

    /// With a NUL at its end.
    func cPath(_ path: RepositoryPath) throws(SourceControlError) -> [CChar] {
        guard !path.bytes.isEmpty, !path.bytes.contains(0) else {
            throw SourceControlError.notAPath(path: path)
        }
        return path.bytes.map { CChar(bitPattern: $0) } + [0]
    }
}
