import Foundation
import Glibc

/// Watches the files that decide what a branch is: its own, and HEAD and packed-refs. git replaces
/// them by rename, makes folders for the parts of a branch's name, and removes those again when the
/// branch moves to packed-refs; therefore folders are watched, not files, and after every event the
/// chain of folders is watched anew. A folder is watched before anybody is told that it has changed:
/// what happens in it after that makes an event of its own.
final class RefWatch: Sendable {
    private let gitDirectory: String
    /// Folder below the git directory, or its parent, and the names in it that matter.
    private let chain: [(path: String, names: Set<String>)]
    private let signal: @Sendable () -> Void
    private let descriptor: Int32
    private let stopping: DescriptorPipe

    private static let mask =
        IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF
        | IN_MOVE_SELF

    /// - Parameter gitDirectory: with HEAD and refs; absolute.
    init(
        gitDirectory: String, branch: String, signal: @escaping @Sendable () -> Void
    ) throws(SourceControlError) {
        var root = gitDirectory
        while root.count > 1, root.hasSuffix("/") { root.removeLast() }
        self.gitDirectory = root
        self.signal = signal
        chain = Self.chain(root, branch)
        stopping = try DescriptorPipe()
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    }

    private static func chain(
        _ root: String, _ branch: String
    ) -> [(path: String, names: Set<String>)] {
        let slash = root.lastIndex(of: "/") ?? root.startIndex
        var result = [
            (String(root[..<slash]) + "/", [String(root[slash...].dropFirst())]),
            (root, ["HEAD", "packed-refs", "refs"] as Set<String>),
            (root + "/refs", ["heads"]),
        ]
        var folder = root + "/refs/heads"
        for name in branch.split(separator: "/") {
            result.append((folder, [String(name)]))
            folder += "/" + name
        }
        return result
    }

    /// - Returns: false if the system has no watch left to give.
    func start() -> Bool {
        guard descriptor >= 0 else { return false }
        var watches: [Int32: Set<String>] = [:]
        guard watch(&watches) else { return false }
        let found = watches
        Thread.detachNewThread { self.run(found) }
        return true
    }

    func stop() {
        stopping.signal()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    private func run(_ found: [Int32: Set<String>]) {
        var watches = found
        // What happened between the caller's first look and the first watch.
        signal()
        while true {
            var descriptors = [descriptor, stopping.reading].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            if poll(&descriptors, 2, -1) < 0 { continue }
            if descriptors[1].revents != 0 { return }
            guard readEvents(&watches) else { continue }
            _ = watch(&watches)
            signal()
        }
    }

    /// Adding a watch that exists changes nothing; a folder that was made anew gets a new one.
    private func watch(_ watches: inout [Int32: Set<String>]) -> Bool {
        for (path, names) in chain {
            let id = inotify_add_watch(descriptor, path, UInt32(Self.mask) | UInt32(IN_ONLYDIR))
            if id < 0 {
                // The rest of the chain does not exist either; its making will be seen here.
                return errno == ENOENT || errno == ENOTDIR
            }
            watches[id, default: []].formUnion(names)
        }
        return true
    }

    /// - Returns: whether one of them matters.
    private func readEvents(_ watches: inout [Int32: Set<String>]) -> Bool {
        var matters = false
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return matters }
            var rest = buffer.prefix(count)
            while let event = Event(&rest) {
                if event.mask & UInt32(IN_IGNORED) != 0 {
                    watches[event.watch] = nil
                    matters = true
                } else if event.name.isEmpty {
                    // The folder itself has gone, or events were lost.
                    matters = true
                } else if watches[event.watch]?.contains(event.name) == true {
                    matters = true
                }
            }
        }
    }

    /// A `struct inotify_event`: watch, mask, cookie, length of the name, the name with NULs.
    private struct Event {
        private static let headerBytes = 16

        let watch: Int32
        let mask: UInt32
        let name: String

        init?(_ bytes: inout ArraySlice<UInt8>) {
            guard bytes.count >= Self.headerBytes else { return nil }
            let header = bytes.prefix(Self.headerBytes).withUnsafeBytes { raw in
                (
                    raw.loadUnaligned(fromByteOffset: 0, as: Int32.self),
                    raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                    Int(raw.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                )
            }
            (watch, mask) = (header.0, header.1)
            bytes = bytes.dropFirst(Self.headerBytes)
            name = String(decoding: bytes.prefix(header.2).prefix { $0 != 0 }, as: UTF8.self)
            bytes = bytes.dropFirst(header.2)
        }
    }
}
