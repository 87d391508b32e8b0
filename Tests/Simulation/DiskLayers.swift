/// What a simulated disk holds, in two layers: what programs see, and what would be left if the
/// power went now.
///
/// A file's bytes are durable once the file was synced; a name (made, renamed, removed) once its
/// folder was. A rename is one change in both folders: done or not, never half.
struct DiskLayers: Sendable {
    struct File: Sendable {
        var bytes: [UInt8] = []
        /// What the next start would find.
        var durable: [UInt8] = []
        var isDirty = true
        var isProtected = false
        var modifiedAt: Int64 = 0
        /// Another number whenever the bytes may be others.
        var stamp = 0
    }

    struct Folder: Sendable {
        var names: [String: Int] = [:]
        var durable: [String: Int] = [:]
    }

    /// A name of a folder is this file or folder from now on; nil: the name is gone.
    struct Naming: Sendable {
        let folder: Int
        let name: String
        let node: Int?
    }

    /// Namings that are done together.
    struct Change: Sendable {
        let namings: [Naming]
    }

    /// Beyond it the oldest half becomes durable, as a system writes back after a while.
    static let maximumPending = 1024

    var files: [Int: File] = [:]
    var folders: [Int: Folder] = [0: Folder()]
    /// Not yet durable, oldest first.
    private(set) var pending: [Change] = []
    /// Of folders as programs see them.
    private(set) var folderPaths: [String: Int] = ["": 0, "/": 0]
    private var lastNode = 0
    /// How often anything was changed.
    private(set) var changes = 0

    mutating func newNode() -> Int {
        changes += 1
        lastNode += 1
        return lastNode
    }

    /// Folder and name of a path; nil if the folder is not there.
    func place(of path: String) -> (folder: Int, name: String)? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        guard let folder = folderPaths[String(path[..<slash])] else { return nil }
        return (folder, String(path[path.index(after: slash)...]))
    }

    func node(at path: String) -> Int? {
        guard let place = place(of: path) else { return folderPaths[path] }
        return folders[place.folder]?.names[place.name]
    }

    mutating func makeFolder(_ path: String) -> Bool {
        guard let place = place(of: path) else { return false }
        let node = newNode()
        folders[node] = Folder()
        folderPaths[path] = node
        change([Naming(folder: place.folder, name: place.name, node: node)])
        return true
    }

    mutating func change(_ namings: [Naming]) {
        changes += 1
        for naming in namings { folders[naming.folder]?.names[naming.name] = naming.node }
        pending.append(Change(namings: namings))
        if pending.count > Self.maximumPending {
            let count = Self.maximumPending / 2
            for change in pending.prefix(count) { harden(change) }
            pending.removeFirst(count)
        }
    }

    mutating func synchronize(folder: Int) {
        keep { change in change.namings.contains { $0.folder == folder } }
    }

    /// Makes those pending changes durable that are chosen, and those before them that they build
    /// on: of the same names.
    private mutating func keep(_ isChosen: (Change) -> Bool) {
        var needed: [Int: Set<String>] = [:]
        var rest: [Change] = []
        var kept: [Change] = []
        for change in pending.reversed() {
            let isNeeded = change.namings.contains {
                needed[$0.folder]?.contains($0.name) == true
            }
            if isNeeded || isChosen(change) {
                for naming in change.namings {
                    needed[naming.folder, default: []].insert(naming.name)
                }
                kept.append(change)
            } else {
                rest.append(change)
            }
        }
        for change in kept.reversed() { harden(change) }
        pending = rest.reversed()
    }

    private mutating func harden(_ change: Change) {
        for naming in change.namings {
            folders[naming.folder]?.durable[naming.name] = naming.node
        }
    }

    /// The power goes: what is not durable is kept as `random` decides, or lost if that is nil.
    mutating func losePower(_ random: inout SeededRandom?) {
        if var source = random {
            keep { _ in source.chance(0.5) }
            for id in files.keys.sorted() {
                guard let file = files[id], file.isDirty else { continue }
                files[id]?.durable = Self.torn(file.bytes, &source)
            }
            random = source
        }
        pending = []
        let stamp = newNode()
        files = files.mapValues { file in
            var kept = file
            if file.isDirty { kept.stamp = stamp }
            kept.bytes = file.durable
            kept.isDirty = false
            return kept
        }
        folders = folders.mapValues { Folder(names: $0.durable, durable: $0.durable) }
        dropUnreachable()
    }

    /// Any part of what was written may have reached the disk, in blocks of 512 bytes.
    static func torn(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        switch random.below(4) {
        case 0: return []
        case 1: return bytes
        case 2: return Array(bytes.prefix(random.below(bytes.count / 512 + 1) * 512))
        default:
            var torn = bytes
            for start in stride(from: 0, to: bytes.count, by: 512) where random.chance(0.5) {
                for index in start..<min(start + 512, bytes.count) { torn[index] = 0 }
            }
            return torn
        }
    }

    private mutating func dropUnreachable() {
        var paths: [String: Int] = ["/": 0]
        var seen: Set<Int> = []
        var waiting = [("", 0)]
        while let (path, node) = waiting.popLast() {
            paths[path] = node
            seen.insert(node)
            for (name, child) in folders[node]?.names ?? [:] {
                if folders[child] != nil {
                    waiting.append(("\(path)/\(name)", child))
                } else {
                    seen.insert(child)
                }
            }
        }
        folderPaths = paths
        files = files.filter { seen.contains($0.key) }
        folders = folders.filter { seen.contains($0.key) }
    }
}
