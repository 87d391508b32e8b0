import Glibc

/// The machine's own file system.
package struct LocalFileSystem: FileSystem {
    private static let pieceBytes = 1 << 20

    package init() {}

    /// The machine's clock, by which it dates files: milliseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    package func status(of path: String) throws(FileSystemError) -> FileStatus? {
        var raw = stat()
        guard lstat(path, &raw) == 0 else {
            if errno == ENOENT { return nil }
            throw FileSystemError(operation: "look at", path: path, code: errno)
        }
        return FileStatus(raw)
    }

    package func names(in directory: String) throws(FileSystemError) -> [[UInt8]] {
        guard let stream = opendir(directory) else {
            throw FileSystemError(operation: "list", path: directory, code: errno)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
            errno = 0
        }
        guard errno == 0 else {
            throw FileSystemError(operation: "list", path: directory, code: errno)
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    package func read(
        _ path: String, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(FileSystemError) {
        let descriptor = try openForReading(path)
        defer { close(descriptor) }
        try pieces(of: descriptor, path) { (piece: UnsafeRawBufferPointer) in take(piece) }
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        guard mkdir(path, 0o755) != 0, errno != EEXIST else { return }
        throw FileSystemError(operation: "create the folder", path: path, code: errno)
    }

    package func create(_ path: String, _ bytes: [UInt8]) throws(FileSystemError) {
        let descriptor = try openNew(path)
        defer { close(descriptor) }
        // `withUnsafeBytes` would lose the error's type.
        let written = bytes.withUnsafeBytes { all in
            Result { () throws(FileSystemError) in try writeAll(all, to: descriptor, path) }
        }
        try written.get()
    }

    package func copy(_ path: String, to target: String) throws(FileSystemError) {
        let source = try openForReading(path)
        defer { close(source) }
        let descriptor = try openNew(target)
        defer { close(descriptor) }
        try pieces(of: source, path) { (piece: UnsafeRawBufferPointer) throws(FileSystemError) in
            try writeAll(piece, to: descriptor, target)
        }
    }

    package func protect(_ path: String) throws(FileSystemError) {
        try check(chmod(path, 0o444), "protect", path)
    }

    package func synchronize(_ path: String) throws(FileSystemError) {
        try synchronize(path, flags: O_RDONLY)
    }

    package func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try synchronize(path, flags: O_RDONLY | O_DIRECTORY)
    }

    package func rename(_ path: String, to target: String) throws(FileSystemError) {
        try check(Glibc.rename(path, target), "rename", path)
    }

    package func remove(_ path: String) throws(FileSystemError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw FileSystemError(operation: "remove", path: path, code: errno)
    }

    private func check(
        _ result: Int32, _ operation: String, _ path: String
    ) throws(FileSystemError) {
        guard result != 0 else { return }
        throw FileSystemError(operation: operation, path: path, code: errno)
    }

    private func synchronize(_ path: String, flags: Int32) throws(FileSystemError) {
        let descriptor = open(path, flags | O_NOFOLLOW | O_CLOEXEC)
        try check(descriptor < 0 ? -1 : 0, "open", path)
        defer { close(descriptor) }
        try check(fsync(descriptor), "fsync", path)
    }

    /// O_NONBLOCK, so that a named pipe that has taken the file's place cannot hold us up.
    private func openForReading(_ path: String) throws(FileSystemError) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        try check(descriptor < 0 ? -1 : 0, "open", path)
        var raw = stat()
        guard fstat(descriptor, &raw) == 0, raw.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileSystemError(operation: "read", path: path, code: EINVAL)
        }
        return descriptor
    }

    private func openNew(_ path: String) throws(FileSystemError) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        try check(descriptor < 0 ? -1 : 0, "create", path)
        return descriptor
    }

    private func pieces(
        of descriptor: Int32, _ path: String,
        _ take: (UnsafeRawBufferPointer) throws(FileSystemError) -> Void
    ) throws(FileSystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.pieceBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw FileSystemError(operation: "read", path: path, code: errno)
            }
            if count == 0 { return }
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// A write may take less than it is given: that is not an error.
    private func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(FileSystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw FileSystemError(
                    operation: "write", path: path, code: count == 0 ? EIO : errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

extension FileStatus {
    fileprivate init(_ raw: stat) {
        let kind: Kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .pipe
            case S_IFSOCK: .socket
            default: .device
            }
        self.init(
            kind: kind, size: Int64(raw.st_size), links: Int(raw.st_nlink),
            isPrivileged: raw.st_mode & (S_ISUID | S_ISGID) != 0,
            device: UInt64(raw.st_dev), inode: UInt64(raw.st_ino),
            modifiedAt: Int64(raw.st_mtim.tv_sec) * 1000 + Int64(raw.st_mtim.tv_nsec) / 1_000_000)
    }
}
