import Foundation
import StateStore
import Synchronization

/// The real file system, with one fault: at the nth change it fails with an error, once or for
/// good. A change that fails for good with everything after it is what a crash looks like to the
/// disk.
final class FaultyFileSystem: FileSystem {
    private let real = LocalFileSystem()
    private let faultAt: Int
    private let code: Int32
    private let isCrash: Bool
    private let onlyOperation: String?
    private let done = Mutex<Int>(0)

    /// - Parameters:
    ///   - faultAt: number of the change, from 1, counting only `operation` if one is given.
    ///   - isCrash: everything after it fails too.
    init(
        faultAt: Int, code: Int32 = EIO, isCrash: Bool = false, operation: String? = nil
    ) {
        self.faultAt = faultAt
        self.code = code
        self.isCrash = isCrash
        onlyOperation = operation
    }

    /// How many changes were asked for.
    var changes: Int { done.withLock { $0 } }

    private func pass(_ operation: String, _ path: String) throws(FileSystemError) {
        guard onlyOperation == nil || onlyOperation == operation else { return }
        let number = done.withLock { count in
            count += 1
            return count
        }
        if number == faultAt || (isCrash && number > faultAt) {
            throw FileSystemError(operation: operation, path: path, code: code)
        }
    }

    func status(of path: String) throws(FileSystemError) -> FileStatus? {
        try real.status(of: path)
    }

    func names(in directory: String) throws(FileSystemError) -> [[UInt8]] {
        try real.names(in: directory)
    }

    func read(
        _ path: String, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(FileSystemError) {
        try real.read(path, take)
    }

    func createDirectory(_ path: String) throws(FileSystemError) {
        try real.createDirectory(path)
    }

    func create(_ path: String, _ bytes: [UInt8]) throws(FileSystemError) {
        do throws(FileSystemError) {
            try pass("write", path)
        } catch {
            // What was written before the fault stays, as it would on a real disk.
            try? real.create(path, Array(bytes.prefix(bytes.count / 2)))
            throw error
        }
        try real.create(path, bytes)
    }

    func copy(_ path: String, to target: String) throws(FileSystemError) {
        try pass("write", target)
        try real.copy(path, to: target)
    }

    func protect(_ path: String) throws(FileSystemError) {
        try pass("protect", path)
        try real.protect(path)
    }

    func synchronize(_ path: String) throws(FileSystemError) {
        try pass("fsync", path)
        try real.synchronize(path)
    }

    func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try pass("fsync", path)
        try real.synchronizeDirectory(path)
    }

    func rename(_ path: String, to target: String) throws(FileSystemError) {
        try pass("rename", path)
        try real.rename(path, to: target)
    }

    func remove(_ path: String) throws(FileSystemError) {
        try pass("remove", path)
        try real.remove(path)
    }
}

/// Every rename between file systems fails, as it does when work/ lies on another disk.
struct SplitFileSystem: FileSystem {
    private let real = LocalFileSystem()
    let boundary: String

    func status(of path: String) throws(FileSystemError) -> FileStatus? {
        try real.status(of: path)
    }
    func names(in directory: String) throws(FileSystemError) -> [[UInt8]] {
        try real.names(in: directory)
    }
    func read(
        _ path: String, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(FileSystemError) {
        try real.read(path, take)
    }
    func createDirectory(_ path: String) throws(FileSystemError) {
        try real.createDirectory(path)
    }
    func create(_ path: String, _ bytes: [UInt8]) throws(FileSystemError) {
        try real.create(path, bytes)
    }
    func copy(_ path: String, to target: String) throws(FileSystemError) {
        try real.copy(path, to: target)
    }
    func protect(_ path: String) throws(FileSystemError) { try real.protect(path) }
    func synchronize(_ path: String) throws(FileSystemError) { try real.synchronize(path) }
    func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try real.synchronizeDirectory(path)
    }
    func rename(_ path: String, to target: String) throws(FileSystemError) {
        guard path.hasPrefix(boundary) == target.hasPrefix(boundary) else {
            throw FileSystemError(operation: "rename", path: path, code: EXDEV)
        }
        try real.rename(path, to: target)
    }
    func remove(_ path: String) throws(FileSystemError) { try real.remove(path) }
}
