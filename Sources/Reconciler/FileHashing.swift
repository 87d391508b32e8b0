import Glibc
import ResourceAPI
import StateStore

/// Hashes files outside the repository. Blocks.
enum FileHashing {
    enum Failure: Error {
        case missing
        case other(Int32)
        case notAFile

        var reason: String {
            switch self {
            case .missing: "there is no such file"
            case .other(let code): String(cString: strerror(code))
            case .notAFile: "it is not a regular file"
            }
        }
    }

    private static let chunkBytes = 1 << 20

    static func stamp(_ path: String) throws(Failure) -> SourceFileStamp {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw errno == ENOENT || errno == ENOTDIR ? .missing : .other(errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        return SourceFileStamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            size: Int64(status.st_size),
            modifiedAt: Int64(status.st_mtim.tv_sec) * 1_000_000_000
                + Int64(status.st_mtim.tv_nsec))
    }

    static func digest(_ path: String) throws(Failure) -> Digest {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .other(errno) }
        defer { close(descriptor) }
        var builder = DigestBuilder()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .other(errno) }
            guard count > 0 else { return builder.finish() }
            builder.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
