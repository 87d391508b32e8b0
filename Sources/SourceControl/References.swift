import CLibGit2
import ResourceAPI

/// Names of commits: branches, tags, ids.
///
/// What a person typed never reaches libgit2's revision parser, which has had memory errors and
/// endless loops: it is either hex digits or looked up as a reference under its exact name.
extension GitHandle {
    func resolve(branch: String) throws(SourceControlError) -> CommitID? {
        guard RevisionText.isName(branch) else {
            throw SourceControlError.badBranchName(name: branch)
        }
        return try commit(ofReference: "refs/heads/" + branch)
    }

    func tip(ofBranch branch: String) throws(SourceControlError) -> CommitID {
        if let commit = try resolve(branch: branch) { return commit }
        let existing = try branches()
        let target = try headTarget()
        if existing.isEmpty || target == "refs/heads/" + branch {
            throw SourceControlError.unbornBranch(branch: branch, repository: path, isBare: isBare)
        }
        throw SourceControlError.missingBranch(
            branch: branch, repository: path, existing: existing)
    }

    func resolve(revision text: String) throws(SourceControlError) -> CommitID {
        guard RevisionText.isName(text) else { throw SourceControlError.badRevision(text: text) }
        if text == "HEAD" { return try head() }
        let digits = RevisionText.hexDigits(text)
        if let digits, digits.count >= 40 { return try commit(withID: text, digits: digits) }
        if let commit = try commit(named: text) { return commit }
        if let digits, digits.count >= RevisionText.leastDigits,
            let commit = try commit(withPrefix: text, digits: digits)
        {
            return commit
        }
        throw SourceControlError.unknownRevision(
            text: text, repository: path, existing: try branches())
    }

    /// Sorted; names that are not UTF-8 or that `resolve` would refuse are left out.
    func branches() throws(SourceControlError) -> [String] {
        let iterator = try LibGit2.acquire("list the branches") {
            git_branch_iterator_new(&$0, pointer, GIT_BRANCH_LOCAL)
        }
        defer { git_branch_iterator_free(iterator) }
        var names: [String] = []
        while true {
            var reference: OpaquePointer?
            var kind = GIT_BRANCH_LOCAL
            let code = git_branch_next(&reference, &kind, iterator)
            if code == GIT_ITEROVER.rawValue { break }
            try LibGit2.check(code, "list the branches")
            defer { git_reference_free(reference) }
            guard let name = git_reference_shorthand(reference) else { continue }
            let text = String(cString: name)
            if RevisionText.isName(text) { names.append(text) }
        }
        return names.sorted()
    }

    private func head() throws(SourceControlError) -> CommitID {
        if let commit = try commit(ofReference: "HEAD") { return commit }
        let branch = try headTarget().map { String($0.dropFirst("refs/heads/".count)) }
        throw SourceControlError.unbornBranch(
            branch: branch ?? "HEAD", repository: path, isBare: isBare)
    }

    /// Where HEAD points to, whether or not that exists; nil if it is a commit.
    func headTarget() throws(SourceControlError) -> String? {
        let head = try LibGit2.find("read HEAD") { git_reference_lookup(&$0, pointer, "HEAD") }
        guard let head else { return nil }
        defer { git_reference_free(head) }
        return git_reference_symbolic_target(head).map { String(cString: $0) }
    }

    private func commit(named text: String) throws(SourceControlError) -> CommitID? {
        if text.hasPrefix("refs/") { return try commit(ofReference: text) }
        var readings: [(name: String, commit: CommitID)] = []
        for folder in ["refs/heads/", "refs/tags/", "refs/remotes/"] {
            if let commit = try commit(ofReference: folder + text) {
                readings.append((folder + text, commit))
            }
        }
        guard let first = readings.first else { return nil }
        guard readings.allSatisfy({ $0.commit == first.commit }) else {
            throw SourceControlError.ambiguousRevision(
                text: text, readings: readings.map(\.name))
        }
        return first.commit
    }

    /// Nil if there is no such reference. Follows symbolic references and annotated tags.
    func commit(ofReference name: String) throws(SourceControlError) -> CommitID? {
        var isValid: Int32 = 0
        try LibGit2.check(git_reference_name_is_valid(&isValid, name), "check a reference name")
        guard isValid == 1 else { return nil }
        let reference = try LibGit2.find("read \(name)") {
            git_reference_lookup(&$0, pointer, name)
        }
        guard let reference else { return nil }
        defer { git_reference_free(reference) }
        var resolved: OpaquePointer?
        let code = git_reference_resolve(&resolved, reference)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try LibGit2.check(code, "read \(name)")
        defer { git_reference_free(resolved) }
        guard let target = git_reference_target(resolved)?.pointee else { return nil }
        return try peel(target, text: name)
    }

    private func commit(
        withID text: String, digits: [UInt8]
    ) throws(SourceControlError) -> CommitID {
        guard digits.count == 40, let bytes = Hex.decode(digits) else {
            throw SourceControlError.sha256NotSupported(id: text)
        }
        let oid = git_oid(bytes: bytes)
        guard try hasObject(oid) else {
            throw SourceControlError.unknownRevision(
                text: text, repository: path, existing: try branches())
        }
        return try peel(oid, text: text)
    }

    private func commit(
        withPrefix text: String, digits: [UInt8]
    ) throws(SourceControlError) -> CommitID? {
        let padded = digits + [UInt8](repeating: UInt8(ascii: "0"), count: 40 - digits.count)
        var short = git_oid(bytes: Hex.decode(padded) ?? [])
        var object: OpaquePointer?
        let code = git_object_lookup_prefix(
            &object, pointer, &short, digits.count, GIT_OBJECT_ANY)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        if code == GIT_EAMBIGUOUS.rawValue {
            throw SourceControlError.ambiguousRevision(
                text: text, readings: ["more digits of the commit id"])
        }
        try LibGit2.check(code, "look up \(text)")
        defer { git_object_free(object) }
        guard let found = git_object_id(object)?.pointee else { return nil }
        return try peel(found, text: text)
    }

    func hasObject(_ oid: git_oid) throws(SourceControlError) -> Bool {
        var oid = oid
        let database = try database()
        defer { git_odb_free(database) }
        return git_odb_exists(database, &oid) == 1
    }

    /// The commit itself, or the one that an annotated tag (of a tag…) leads to.
    private func peel(_ oid: git_oid, text: String) throws(SourceControlError) -> CommitID {
        var oid = oid
        let object = try LibGit2.find("read \(oid.hex)") {
            git_object_lookup(&$0, pointer, &oid, GIT_OBJECT_ANY)
        }
        guard let object else {
            throw SourceControlError.missingObject(kind: "commit", id: oid.hex)
        }
        defer { git_object_free(object) }
        var commit: OpaquePointer?
        guard git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0,
            let id = git_object_id(commit)?.pointee
        else { throw SourceControlError.notACommit(text: text) }
        defer { git_object_free(commit) }
        return try id.commit
    }
}

/// What a person may type for a branch or a commit.
enum RevisionText {
    static let leastDigits = 7

    /// 1 to 200 of `[A-Za-z0-9._/-]`, not starting with `-` (which programs take for an option).
    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 200, first != UInt8(ascii: "-") else {
            return false
        }
        let isPlain = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "/"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        var isValid: Int32 = 0
        let code = git_reference_name_is_valid(&isValid, "refs/heads/" + text)
        return isPlain && code == 0 && isValid == 1
    }

    /// Nil if not all characters are hexadecimal digits.
    static func hexDigits(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        let isEven = digits.count.isMultiple(of: 2)
        let padded = isEven ? digits : digits + [UInt8(ascii: "0")]
        return Hex.decode(padded) == nil ? nil : digits
    }
}
