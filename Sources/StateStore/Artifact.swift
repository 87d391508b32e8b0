package import ResourceAPI

/// One file of an artifact.
package struct ArtifactFile: Hashable, Sendable {
    /// `[A-Za-z0-9_][A-Za-z0-9._-]*`, at most 255 bytes: ASCII, so that comparing it as text is
    /// comparing its bytes.
    package let name: String
    package let digest: Digest
    /// In bytes.
    package let size: Int64
    package init(name: String, digest: Digest, size: Int64) {
        self.name = name
        self.digest = digest
        self.size = size
    }

    static func isValid(name: [UInt8]) -> Bool {
        guard let first = name.first, name.count <= 255 else { return false }
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isWord(first)
            && name.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

/// A file of an artifact, and where its bytes lie.
package struct StoredFile: Hashable, Sendable {
    /// Absolute, immutable.
    package let path: String
    package let digest: Digest
    package let size: Int64
    package init(path: String, digest: Digest, size: Int64) {
        self.path = path
        self.digest = digest
        self.size = size
    }
}

/// An artifact whose files are all in the store, durable and checked.
package struct PublishedArtifact: Hashable, Sendable {
    /// Of the manifest of its files.
    package let digest: Digest
    /// Sorted by name.
    package let files: [ArtifactFile]
    package init(digest: Digest, files: [ArtifactFile]) {
        self.digest = digest
        self.files = files
    }

    package var bytes: Int64 { files.reduce(0) { $0 + $1.size } }

    /// Of everything that lies in the store for it.
    var blobs: [Digest] { [digest] + files.map(\.digest) }
}

/// What one artifact may have.
package struct ArtifactLimits: Hashable, Sendable {
    package var files: Int
    /// In all.
    package var bytes: Int64
    package init(files: Int = 1000, bytes: Int64 = 64 << 30) {
        self.files = files
        self.bytes = bytes
    }

    package static let standard = ArtifactLimits()
}

/// The list of an artifact's files, whose digest is the artifact's:
/// `{"files":[{"digest":"sha256:…","path":"model.onnx","size":123}]}`, sorted by path.
struct ArtifactManifest {
    /// Of 1,000 files with the longest names, with room to spare.
    static let maximumBytes: Int64 = 1 << 20

    let files: [ArtifactFile]

    init(files: [ArtifactFile]) {
        self.files = files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    init?(bytes: [UInt8]) {
        guard let value = JSONReader.value(String(decoding: bytes, as: UTF8.self)),
            let items = value["files"]?.array
        else { return nil }
        var files: [ArtifactFile] = []
        for item in items {
            guard let name = item["path"]?.string, ArtifactFile.isValid(name: Array(name.utf8)),
                let digest = item["digest"]?.string.flatMap({ Digest($0) }),
                let size = item["size"]?.int, size >= 0
            else { return nil }
            files.append(ArtifactFile(name: name, digest: digest, size: size))
        }
        self.init(files: files)
    }

    var bytes: [UInt8] {
        let items = files.map { file -> JSONValue in
            [
                "path": .string(file.name), "digest": .string(file.digest.description),
                "size": .int(file.size),
            ]
        }
        return JSONValue.object(["files": .array(items)]).canonicalBytes
    }
}
