import ResourceAPI

/// Whether the name of a tree entry means `.git`, or leaves the folder, on any file system: git's own
/// lists for HFS+ and NTFS, in the strict reading.
enum TreeEntryName {
    static func isUnsafe(_ name: [UInt8]) -> Bool {
        if name.isEmpty || name == Array(".".utf8) || name == Array("..".utf8) { return true }
        if name.contains(UInt8(ascii: "/")) || name.contains(0) { return true }
        let folded = folded(name)
        return folded == Array(".git".utf8) || isShortName(folded)
    }

    /// `git~1`, the 8.3 name of `.git`.
    private static func isShortName(_ folded: [UInt8]) -> Bool {
        let prefix = Array("git~".utf8)
        guard folded.starts(with: prefix), folded.count > prefix.count else { return false }
        return folded.dropFirst(prefix.count).allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }

    /// Lower case, without what HFS+ ignores, without what NTFS cuts off: a stream name after a
    /// colon, and dots and spaces at the end.
    private static func folded(_ name: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < name.count {
            let byte = name[index]
            if byte == UInt8(ascii: ":") { break }
            if byte >= 0xE2, isIgnorable(name[index...].prefix(3)) {
                index += 3
                continue
            }
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            result.append(isUpper ? byte + 32 : byte)
            index += 1
        }
        while let last = result.last, last == UInt8(ascii: ".") || last == UInt8(ascii: " ") {
            result.removeLast()
        }
        return result
    }

    /// U+200C to 200F, 202A to 202E, 206A to 206F, FEFF as UTF-8.
    private static func isIgnorable(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count == 3, let last = bytes.last else { return false }
        return switch (bytes[bytes.startIndex], bytes[bytes.startIndex + 1]) {
        case (0xE2, 0x80): (0x8C...0x8F).contains(last) || (0xAA...0xAE).contains(last)
        case (0xE2, 0x81): (0xAA...0xAF).contains(last)
        case (0xEF, 0xBB): last == 0xBF
        default: false
        }
    }
}
