/// Finds the name that was probably meant.
package enum NearName {
    /// The candidate with the smallest edit distance to `name`, if it is near enough to be a
    /// likely slip: at most a third of the name's length, and at least one edit.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let limit = max(1, min(3, name.utf8.count / 3 + 1))
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = editDistance(Array(name.utf8), Array(candidate.utf8), atMost: limit)
            guard let distance, distance > 0 else { continue }
            if let known = best,
                (known.distance, known.name) <= (distance, candidate)
            {
                continue
            }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// `did you mean 'x'?`, or nil.
    package static func hint(for name: String, among candidates: some Sequence<String>) -> String? {
        of(name, among: candidates).map { "did you mean '\($0)'?" }
    }

    /// Levenshtein's distance; nil if it is larger than `limit`.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8], atMost limit: Int) -> Int? {
        guard abs(a.count - b.count) <= limit else { return nil }
        var previous = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var current = [i + 1]
            current.reserveCapacity(b.count + 1)
            for (j, y) in b.enumerated() {
                current.append(
                    min(previous[j + 1] + 1, current[j] + 1, previous[j] + (x == y ? 0 : 1)))
            }
            previous = current
        }
        guard let distance = previous.last, distance <= limit else { return nil }
        return distance
    }
}
