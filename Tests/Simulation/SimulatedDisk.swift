import Glibc
package import StateStore
import Synchronization

/// A disk in memory that forgets what was not synced. Every operation that changes something asks
/// the schedule first whether it goes wrong. Its names are ASCII.
package final class SimulatedDisk: FileSystem {
    private let layers = Mutex(DiskLayers())
    private let random: Mutex<SeededRandom>
    package let faults: FaultSchedule
    private let clock: SimulatedClock
    package var mayWait: Bool { false }

    package init(random: SeededRandom, faults: FaultSchedule, clock: SimulatedClock) {
        self.random = Mutex(random)
        self.faults = faults
        self.clock = clock
    }

    private func fail(
        _ operation: String, _ path: String, _ code: Int32
    ) -> FileSystemError {
        FileSystemError(operation: operation, path: path, code: code)
    }

    /// - Returns: the fault, if the operation has to deal with it itself.
    @discardableResult
    private func pass(
        _ operation: String, _ path: String, at point: String? = nil
    ) throws(FileSystemError) -> Fault? {
        guard let fault = faults.next(point ?? operation) else { return nil }
        guard fault != .shortWrite else { return fault }
        throw fail(operation, path, fault.code)
    }

    private func alive(_ operation: String, _ path: String) throws(FileSystemError) {
        if faults.down != nil { throw fail(operation, path, FaultSchedule.crashCode) }
    }

    /// What a locked body came to: `withLock` would lose the error's type.
    private func locked<Value: Sendable>(
        _ body: (inout DiskLayers) throws(FileSystemError) -> Value
    ) throws(FileSystemError) -> Value {
        let result: Result<Value, FileSystemError> = layers.withLock { layers in
            do throws(FileSystemError) {
                return .success(try body(&layers))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    package func status(of path: String) throws(FileSystemError) -> FileStatus? {
        try alive("look at", path)
        return layers.withLock { layers in
            guard let node = layers.node(at: path) else { return nil }
            if let file = layers.files[node] {
                return FileStatus(
                    kind: .file, size: Int64(file.bytes.count), links: 1, isPrivileged: false,
                    device: 1, inode: UInt64(node), modifiedAt: file.modifiedAt)
            }
            return FileStatus(
                kind: .directory, size: 0, links: 2, isPrivileged: false, device: 1,
                inode: UInt64(node))
        }
    }

    package func names(in directory: String) throws(FileSystemError) -> [[UInt8]] {
        try alive("list", directory)
        return try locked { layers throws(FileSystemError) in
            guard let node = layers.folderPaths[directory], let folder = layers.folders[node]
            else { throw fail("list", directory, ENOENT) }
            return folder.names.keys.map { Array($0.utf8) }
                .sorted { $0.lexicographicallyPrecedes($1) }
        }
    }

    package func read(
        _ path: String, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(FileSystemError) {
        try alive("open", path)
        let bytes = try locked { layers throws(FileSystemError) in
            guard let node = layers.node(at: path) else { throw fail("open", path, ENOENT) }
            guard let file = layers.files[node] else { throw fail("read", path, EINVAL) }
            return file.bytes
        }
        if !bytes.isEmpty { bytes.withUnsafeBytes(take) }
    }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        try alive("create the folder", path)
        if layers.withLock({ $0.node(at: path) }) != nil { return }
        try pass("create the folder", path)
        let isMade = layers.withLock { $0.makeFolder(path) }
        guard isMade else { throw fail("create the folder", path, ENOENT) }
    }

    package func create(_ path: String, _ bytes: [UInt8]) throws(FileSystemError) {
        let now = clock.wall
        var fault: Fault?
        var written = bytes
        do throws(FileSystemError) {
            fault = try pass("write", path)
        } catch {
            // What was written before the fault stays.
            try? write(Array(bytes.prefix(bytes.count / 2)), to: path, now)
            throw error
        }
        if fault == .shortWrite { written = Array(bytes.prefix(bytes.count / 2)) }
        try write(written, to: path, now)
    }

    private func write(
        _ bytes: [UInt8], to path: String, _ now: Int64
    ) throws(FileSystemError) {
        try locked { layers throws(FileSystemError) in
            guard let place = layers.place(of: path) else { throw fail("create", path, ENOENT) }
            guard layers.folders[place.folder]?.names[place.name] == nil else {
                throw fail("create", path, EEXIST)
            }
            let node = layers.newNode()
            layers.files[node] = DiskLayers.File(bytes: bytes, modifiedAt: now, stamp: node)
            layers.change([.init(folder: place.folder, name: place.name, node: node)])
        }
    }

    package func copy(_ path: String, to target: String) throws(FileSystemError) {
        var bytes: [UInt8] = []
        try read(path) { bytes += $0 }
        try create(target, bytes)
    }

    package func protect(_ path: String) throws(FileSystemError) {
        try pass("protect", path)
        try locked { layers throws(FileSystemError) in
            guard let node = layers.node(at: path) else { throw fail("protect", path, ENOENT) }
            layers.files[node]?.isProtected = true
        }
    }

    package func synchronize(_ path: String) throws(FileSystemError) {
        do throws(FileSystemError) {
            try pass("fsync", path)
        } catch {
            if error.code != FaultSchedule.crashCode { forget(path) }
            throw error
        }
        try locked { layers throws(FileSystemError) in
            guard let node = layers.node(at: path) else { throw fail("open", path, ENOENT) }
            guard let file = layers.files[node], file.isDirty else { return }
            layers.files[node]?.durable = file.bytes
            layers.files[node]?.isDirty = false
        }
    }

    /// After a failed fsync the system takes the file for clean, whatever reached the disk: the next
    /// fsync succeeds and writes nothing.
    private func forget(_ path: String) {
        random.withLock { random in
            layers.withLock { layers in
                guard let node = layers.node(at: path), let file = layers.files[node],
                    file.isDirty
                else { return }
                layers.files[node]?.durable = Array(file.bytes.prefix(random.below(2)))
                layers.files[node]?.isDirty = false
            }
        }
    }

    package func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try pass("fsync", path, at: "fsync of a folder")
        try locked { layers throws(FileSystemError) in
            guard let node = layers.folderPaths[path] else { throw fail("open", path, ENOENT) }
            layers.synchronize(folder: node)
        }
    }

    package func rename(_ path: String, to target: String) throws(FileSystemError) {
        try pass("rename", path)
        try locked { layers throws(FileSystemError) in
            guard let from = layers.place(of: path), let to = layers.place(of: target),
                let node = layers.folders[from.folder]?.names[from.name]
            else { throw fail("rename", path, ENOENT) }
            layers.change([
                .init(folder: from.folder, name: from.name, node: nil),
                .init(folder: to.folder, name: to.name, node: node),
            ])
        }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        try alive("remove", path)
        guard layers.withLock({ $0.node(at: path) }) != nil else { return }
        try pass("remove", path)
        try locked { layers throws(FileSystemError) in
            guard let place = layers.place(of: path) else { throw fail("remove", path, ENOENT) }
            layers.change([.init(folder: place.folder, name: place.name, node: nil)])
        }
    }
}

// MARK: - From outside

extension SimulatedDisk {
    /// The process, or the machine, starts again after it died of the schedule's fault. Memory of
    /// what was not synced is gone if the power was.
    package func restart() {
        switch faults.down {
        case .powerLoss:
            var source: SeededRandom? = random.withLock { $0.fork("power loss") }
            layers.withLock { $0.losePower(&source) }
        case .powerLossOfAll:
            var nothing: SeededRandom?
            layers.withLock { $0.losePower(&nothing) }
        default: break
        }
        faults.restart()
    }

    /// A bit of a durable file turns round, as bits do.
    ///
    /// - Returns: whether there was a byte to spoil.
    @discardableResult
    package func rot(_ path: String) -> Bool {
        random.withLock { random in
            layers.withLock { layers in
                guard let node = layers.node(at: path), var file = layers.files[node],
                    !file.bytes.isEmpty
                else { return false }
                file.bytes[random.below(file.bytes.count)] ^= 1
                file.durable = file.bytes
                file.stamp = layers.newNode()
                layers.files[node] = file
                return true
            }
        }
    }

    /// Folders that are there from the start, past every fault and durable; parents first.
    package func makeFolders(_ paths: [String]) {
        layers.withLock { layers in
            for path in paths where layers.node(at: path) == nil {
                guard layers.makeFolder(path), let place = layers.place(of: path) else { continue }
                layers.synchronize(folder: place.folder)
            }
        }
    }

    /// Somebody cuts a file to half its length, past every fault.
    package func cut(_ path: String) {
        layers.withLock { layers in
            guard let node = layers.node(at: path), var file = layers.files[node] else { return }
            file.bytes.removeLast(file.bytes.count - file.bytes.count / 2)
            file.durable = file.bytes
            file.stamp = layers.newNode()
            layers.files[node] = file
        }
    }

    /// Somebody deletes a file, past every fault.
    package func delete(_ path: String) {
        layers.withLock { layers in
            guard let place = layers.place(of: path) else { return }
            layers.change([.init(folder: place.folder, name: place.name, node: nil)])
            layers.synchronize(folder: place.folder)
        }
    }

    /// Paths of all files below a folder, sorted.
    package func files(below folder: String) -> [String] {
        layers.withLock { layers in
            var found: [String] = []
            var waiting = [folder]
            while let path = waiting.popLast() {
                guard let node = layers.folderPaths[path] else { continue }
                for (name, child) in layers.folders[node]?.names ?? [:] {
                    if layers.folders[child] != nil {
                        waiting.append("\(path)/\(name)")
                    } else {
                        found.append("\(path)/\(name)")
                    }
                }
            }
            return found.sorted()
        }
    }

    /// Grows with every change that anybody could see.
    package var changes: Int { layers.withLock { $0.changes } }

    /// A number that changes with the bytes; nil if there is no such file.
    package func stamp(of path: String) -> Int? {
        layers.withLock { layers in layers.node(at: path).flatMap { layers.files[$0]?.stamp } }
    }

    /// Nil if there is no such file.
    package func bytes(of path: String) -> [UInt8]? {
        layers.withLock { layers in layers.node(at: path).flatMap { layers.files[$0]?.bytes } }
    }
}
