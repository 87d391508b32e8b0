/// Where this target's files lie inside the state directory.
package struct StateDirectory: Hashable, Sendable {
    /// Absolute.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var databasePath: String { path + "/state.sqlite" }
    package var lockPath: String { path + "/state.lock" }
    package var storePath: String { path + "/store" }
    package var epochPath: String { storePath + "/epoch" }
}
