/// A path inside a repository or a data root, as bytes: git does not say what encoding names have,
/// and Swift's String would hold two different byte strings to be equal.
package struct RepositoryPath: Hashable, Comparable, Sendable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// For people: bytes that are not printable ASCII or valid UTF-8 are escaped as `\xNN`.
    package var display: String {
        let text = String(decoding: bytes, as: UTF8.self)
        let isClean =
            Array(text.utf8) == bytes
            && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        if isClean { return text }
        return bytes.map { byte in
            (32..<127).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x" + Hex.encode(CollectionOfOne(byte))
        }.joined()
    }

    /// Relative, without `.`, `..`, empty segments, backslash, colon, percent or control bytes, at
    /// most 255 bytes a segment and 1,024 in all: cannot point outside the folder it is joined to.
    package var isContained: Bool {
        guard !bytes.isEmpty, bytes.count <= 1024 else { return false }
        let banned: Set<UInt8> = [UInt8(ascii: "\\"), UInt8(ascii: ":"), UInt8(ascii: "%")]
        guard bytes.allSatisfy({ $0 >= 32 && $0 != 127 && !banned.contains($0) }) else {
            return false
        }
        let dot = Array(".".utf8)
        let dots = Array("..".utf8)
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.count <= 255 && Array($0) != dot && Array($0) != dots }
    }

    package func appending(_ name: [UInt8]) -> RepositoryPath {
        RepositoryPath(bytes: bytes.isEmpty ? name : bytes + [UInt8(ascii: "/")] + name)
    }

    package func hasSuffix(_ suffix: String) -> Bool {
        bytes.count >= suffix.utf8.count
            && bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Whether this is `folder` or lies below it. The empty folder contains everything.
    package func isInside(_ folder: RepositoryPath) -> Bool {
        folder.bytes.isEmpty || bytes == folder.bytes
            || bytes.starts(with: folder.bytes + [UInt8(ascii: "/")])
    }

    package static func < (a: RepositoryPath, b: RepositoryPath) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

extension RepositoryPath: CustomStringConvertible {
    package var description: String { display }
}
