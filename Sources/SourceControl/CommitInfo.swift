package import ResourceAPI

/// One commit without its files.
package struct CommitInfo: Hashable, Sendable {
    package let id: CommitID
    /// The first is the one that was merged into.
    package let parents: [CommitID]
    package let author: Person
    package let committer: Person
    /// The message's first paragraph in one line.
    package let summary: String
    /// At most 64 KiB of it; bytes that are not UTF-8 became U+FFFD.
    package let message: String

    /// When it was committed: seconds since 1970.
    package var time: Int64 { committer.time }

    package init(
        id: CommitID, parents: [CommitID], author: Person, committer: Person, summary: String,
        message: String
    ) {
        self.id = id
        self.parents = parents
        self.author = author
        self.committer = committer
        self.summary = summary
        self.message = message
    }

    /// Who did something, and when. Whatever the commit says: nobody has checked it.
    package struct Person: Hashable, Sendable {
        package let name: String
        package let email: String
        /// Seconds since 1970.
        package let time: Int64

        package init(name: String, email: String, time: Int64) {
            self.name = name
            self.email = email
            self.time = time
        }
    }
}
