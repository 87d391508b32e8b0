import CLibGit2
import ResourceAPI

/// The name of a file's content in git: 20 bytes of SHA-1 over a header and the content.
package struct BlobID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Exactly 20 bytes.
    package let bytes: [UInt8]

    /// Nil if there are more or fewer than 20 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 20 else { return nil }
        self.bytes = bytes
    }

    init(_ oid: git_oid) {
        bytes = oid.bytes
    }

    package var hex: String { Hex.encode(bytes) }
    package var description: String { hex }

    package static func < (a: BlobID, b: BlobID) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

/// The name of a folder in git: equal names mean equal content, all the way down.
package struct TreeID: Hashable, Sendable, CustomStringConvertible {
    /// Exactly 20 bytes.
    package let bytes: [UInt8]

    /// Nil if there are more or fewer than 20 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 20 else { return nil }
        self.bytes = bytes
    }

    init(_ oid: git_oid) {
        bytes = oid.bytes
    }

    package var hex: String { Hex.encode(bytes) }
    package var description: String { hex }
}

extension git_oid {
    var bytes: [UInt8] {
        withUnsafeBytes(of: id) { Array($0) }
    }

    var hex: String { Hex.encode(bytes) }

    /// Takes the first 20 bytes; missing ones stay 0.
    init(bytes: [UInt8]) {
        self.init()
        withUnsafeMutableBytes(of: &id) { $0.copyBytes(from: bytes.prefix(20)) }
    }

    /// - Throws: `sha256NotSupported`: libgit2 1.5 knows SHA-1 only.
    init(_ commit: CommitID) throws(SourceControlError) {
        guard commit.bytes.count == 20 else {
            throw SourceControlError.sha256NotSupported(id: commit.hex)
        }
        self.init(bytes: commit.bytes)
    }

    /// - Throws: `library`, which cannot happen: an id has 20 bytes.
    var commit: CommitID {
        get throws(SourceControlError) {
            guard let commit = CommitID(bytes: bytes) else {
                throw SourceControlError.library(operation: "read a commit id", message: hex)
            }
            return commit
        }
    }
}
