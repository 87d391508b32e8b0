/// The file system operations behind the artifact store. Every one that changes something is a
/// point at which a crash or a full disk must do no harm, so tests put another implementation here.
///
/// Paths are absolute. Nothing follows a symbolic link in the last component.
package protocol FileSystem: Sendable {
    /// Whether a call may wait for a device; true unless said otherwise.
    var mayWait: Bool { get }

    /// Nil if nothing is there.
    func status(of path: String) throws(FileSystemError) -> FileStatus?
    /// As bytes: a worker may have written names that are not UTF-8. Without `.` and `..`, sorted.
    func names(in directory: String) throws(FileSystemError) -> [[UInt8]]
    /// Passes the content on in pieces. Refuses anything but a regular file.
    func read(
        _ path: String, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(FileSystemError)

    /// Does nothing if the directory exists.
    func createDirectory(_ path: String) throws(FileSystemError)
    /// Writes a new file; an existing one is an error.
    func create(_ path: String, _ bytes: [UInt8]) throws(FileSystemError)
    /// Copies a file's content into a new file.
    func copy(_ path: String, to target: String) throws(FileSystemError)
    /// Makes a file read-only for everybody (mode 0444).
    func protect(_ path: String) throws(FileSystemError)
    /// fsync. After an error the file's content on disk is unknown: it must be thrown away.
    func synchronize(_ path: String) throws(FileSystemError)
    func synchronizeDirectory(_ path: String) throws(FileSystemError)
    /// Replaces the target, if there is one, in one step.
    func rename(_ path: String, to target: String) throws(FileSystemError)
    /// Removes one file. Does nothing if it is not there.
    func remove(_ path: String) throws(FileSystemError)
}

/// A system call that failed.
package struct FileSystemError: Error, Hashable, Sendable {
    /// As in `cannot <operation> '<path>'`.
    package let operation: String
    package let path: String
    /// `errno`.
    package let code: Int32
    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }
}

package struct FileStatus: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case file = "a file"
        case directory = "a folder"
        case symbolicLink = "a symbolic link"
        case pipe = "a named pipe"
        case socket = "a socket"
        case device = "a device"
    }

    package let kind: Kind
    package let size: Int64
    /// Number of names that the file has.
    package let links: Int
    /// The set-user-id or set-group-id bit is on.
    package let isPrivileged: Bool
    /// Tells one file from another on this machine, whatever its name.
    package let device: UInt64
    package let inode: UInt64
    /// Of the content, milliseconds since 1970.
    package let modifiedAt: Int64
    package init(
        kind: Kind, size: Int64, links: Int, isPrivileged: Bool, device: UInt64, inode: UInt64,
        modifiedAt: Int64 = 0
    ) {
        self.kind = kind
        self.size = size
        self.links = links
        self.isPrivileged = isPrivileged
        self.device = device
        self.inode = inode
        self.modifiedAt = modifiedAt
    }
}

extension FileSystem {
    package var mayWait: Bool { true }
}
