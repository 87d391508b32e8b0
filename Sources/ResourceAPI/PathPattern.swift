/// A path whose names may hold `*` (any number of bytes) and `?` (one byte), neither of which stands
/// for a slash: `data/2013-*.csv`.
package struct PathPattern: Hashable, Sendable {
    private static let star = UInt8(ascii: "*")
    private static let one = UInt8(ascii: "?")
    private static let slash = UInt8(ascii: "/")

    package let path: RepositoryPath

    /// Nil if the path stands for itself only.
    package init?(_ path: RepositoryPath) {
        guard PathPattern.isWild(path.bytes) else { return nil }
        self.path = path
    }

    package static func isWild(_ name: some Sequence<UInt8>) -> Bool {
        name.contains { $0 == star || $0 == one }
    }

    /// The names between its slashes.
    package var names: [[UInt8]] { PathPattern.names(path) }

    /// The folder in and below which all matches lie.
    package var folder: RepositoryPath {
        let fixed = names.dropLast().prefix { !PathPattern.isWild($0) }
        return RepositoryPath(bytes: Array(fixed.joined(separator: [PathPattern.slash])))
    }

    package func matches(_ other: RepositoryPath) -> Bool {
        let (patterns, others) = (names, PathPattern.names(other))
        return patterns.count == others.count
            && zip(patterns, others).allSatisfy { PathPattern.matches($1, $0) }
    }

    /// Whether a name matches a pattern: greedy, with one place to come back to, so that the time is
    /// at most the product of the lengths.
    package static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
        var (at, wild) = (0, 0)
        var back: (at: Int, wild: Int)?
        while at < name.count {
            if wild < pattern.count, pattern[wild] == star {
                wild += 1
                back = (at, wild)
            } else if wild < pattern.count, pattern[wild] == one || pattern[wild] == name[at] {
                at += 1
                wild += 1
            } else if let last = back {
                at = last.at + 1
                wild = last.wild
                back = (at, wild)
            } else {
                return false
            }
        }
        return pattern[wild...].allSatisfy { $0 == star }
    }

    private static func names(_ path: RepositoryPath) -> [[UInt8]] {
        path.bytes.split(separator: slash, omittingEmptySubsequences: false).map { Array($0) }
    }
}
