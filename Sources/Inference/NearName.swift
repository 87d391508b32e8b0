/// Finds the name that somebody probably meant.
package enum NearName {
    /// The candidate with the fewest edits (at most a third of the name's length, at least one), the
    /// first of equals; nil if none is near. Names longer than 100 bytes are not compared.
    package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        guard wanted.count <= 100 else { return nil }
        var best: (name: String, edits: Int)?
        for candidate in candidates {
            let other = Array(candidate.utf8)
            let limit = max(1, max(wanted.count, other.count) / 3)
            guard other.count <= 100, abs(other.count - wanted.count) <= limit else { continue }
            let edits = distance(wanted, other)
            if edits <= limit, edits < best?.edits ?? .max { best = (candidate, edits) }
        }
        return best?.name
    }

    /// Levenshtein's distance in bytes.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let substitution = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
