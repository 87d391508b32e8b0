import CLibGit2
import Glibc
import ResourceAPI

/// Moves loose objects into a pack, so that small commits over months do not become a file for each
/// object. Readers lose nothing: an object that is no longer loose is looked for in the packs.
struct LooseObjects {
    /// From about this many on.
    static let packed = 2048
    private static let folders = 256

    private let handle: GitHandle
    private let root: String

    init(_ handle: GitHandle) {
        self.handle = handle
        root = handle.commonDirectory + "objects/"
    }

    /// Like git, from the size of one folder: names are spread evenly.
    var areMany: Bool {
        names(in: root + "17").count * Self.folders > Self.packed
    }

    func pack() throws(SourceControlError) {
        let objects = all()
        guard !objects.isEmpty else { return }
        let builder = try LibGit2.acquire("pack loose objects") {
            git_packbuilder_new(&$0, handle.pointer)
        }
        defer { git_packbuilder_free(builder) }
        for object in objects {
            var oid = object.oid
            try LibGit2.check(git_packbuilder_insert(builder, &oid, nil), "pack loose objects")
        }
        try LibGit2.check(
            git_packbuilder_write(builder, root + "pack", 0, nil, nil), "pack loose objects")
        let database = try handle.database()
        defer { git_odb_free(database) }
        try LibGit2.check(git_odb_refresh(database), "pack loose objects")
        // The pack is synced and has its name by now.
        for object in objects { unlink(object.path) }
    }

    private func all() -> [(oid: git_oid, path: String)] {
        var result: [(oid: git_oid, path: String)] = []
        for number in 0..<Self.folders {
            let folder = Hex.encode(CollectionOfOne(UInt8(number)))
            for name in names(in: root + folder) {
                guard let bytes = Hex.decode(Array((folder + name).utf8)), bytes.count == 20 else {
                    continue
                }
                result.append((git_oid(bytes: bytes), root + folder + "/" + name))
            }
        }
        return result
    }

    private func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var result: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.utf8.count == 38 { result.append(name) }
        }
        return result
    }
}
