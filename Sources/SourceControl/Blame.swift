import CLibGit2
import Glibc
import ResourceAPI

extension GitHandle {
    /// Larger files are refused: blame compares every version of the file.
    static let maxBlamedBytes = 4 << 20

    func blame(
        _ path: RepositoryPath, lines: ClosedRange<Int>, at commit: CommitID
    ) throws(SourceControlError) -> [BlamedLine] {
        guard let file = try file(at: commit, path: path) else {
            throw SourceControlError.fileMissing(path: path, commit: commit)
        }
        let count = try lineCount(of: file.blob)
        guard lines.lowerBound >= 1, lines.upperBound <= count else {
            throw SourceControlError.linesOutOfRange(
                path: path, first: lines.lowerBound, last: lines.upperBound, count: count)
        }
        var options = git_blame_options()
        try LibGit2.check(
            git_blame_options_init(&options, UInt32(GIT_BLAME_OPTIONS_VERSION)), "blame")
        options.newest_commit = try git_oid(commit)
        options.min_line = lines.lowerBound
        options.max_line = lines.upperBound
        let name = try cPath(path)
        let blame = try LibGit2.acquire("blame '\(path.display)'") {
            git_blame_file(&$0, pointer, name, &options)
        }
        defer { git_blame_free(blame) }
        return try lines.map { line throws(SourceControlError) in
            guard let hunk = git_blame_get_hunk_byline(blame, line)?.pointee else {
                throw SourceControlError.library(
                    operation: "blame '\(path.display)'", message: "no answer for line \(line)")
            }
            return try blamed(line, hunk, path)
        }
    }

    private func blamed(
        _ line: Int, _ hunk: git_blame_hunk, _ path: RepositoryPath
    ) throws(SourceControlError) -> BlamedLine {
        let original = hunk.orig_path.map { name in
            RepositoryPath(bytes: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
        }
        return BlamedLine(
            line: line, commit: try self.commit(try hunk.final_commit_id.commit),
            originalPath: original ?? path,
            originalLine: Int(hunk.orig_start_line_number)
                + (line - Int(hunk.final_start_line_number)))
    }

    /// As git counts: the last line need not end in a newline.
    private func lineCount(of id: BlobID) throws(SourceControlError) -> Int {
        let content = try blob(id, limit: Self.maxBlamedBytes)
        let newline = UInt8(ascii: "\n")
        let ends = content.count { $0 == newline }
        return content.last.map { $0 == newline ? ends : ends + 1 } ?? 0
    }
}
