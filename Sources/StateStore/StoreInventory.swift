import ResourceAPI

/// What lies in the store's folders, whoever put it there.
struct StoreInventory: Sendable {
    /// Sorted.
    var blobs: [Digest] = []
    /// Paths of files whose names are no digests, sorted.
    var strays: [String] = []
}

extension BlobStore {
    func inventory() throws(FileSystemError) -> StoreInventory {
        var found = StoreInventory()
        for folder in try fileSystem.names(in: contentFolder) {
            let folderText = String(decoding: folder, as: UTF8.self)
            let path = "\(contentFolder)/\(folderText)"
            guard try fileSystem.status(of: path)?.kind == .directory else {
                found.strays.append(path)
                continue
            }
            for name in try fileSystem.names(in: path) {
                // Lower case only: there is one name for a content.
                if let digest = Hex.decode(folder + name).flatMap({ Digest(bytes: $0) }),
                    self.path(of: digest) == "\(path)/\(String(decoding: name, as: UTF8.self))"
                {
                    found.blobs.append(digest)
                } else {
                    found.strays.append("\(path)/\(String(decoding: name, as: UTF8.self))")
                }
            }
        }
        return found
    }
}
