package import ResourceAPI

/// One place in which two JSON values differ.
package struct JSONDifference: Hashable, Sendable {
    package let path: FieldPath
    /// Nil if the first value has nothing there.
    package let from: JSONValue?
    /// Nil if the second value has nothing there.
    package let to: JSONValue?

    /// The smallest differing parts, in the order of their paths. Lists are compared after their
    /// common beginning and end, so that an inserted element is one difference.
    package static func between(_ a: JSONValue, _ b: JSONValue) -> [JSONDifference] {
        var result: [JSONDifference] = []
        compare(a, b, at: FieldPath(), into: &result)
        return result
    }

    private static func compare(
        _ a: JSONValue, _ b: JSONValue, at path: FieldPath, into result: inout [JSONDifference]
    ) {
        guard a != b else { return }
        switch (a, b) {
        case (.object(let left), .object(let right)):
            for key in Set(left.keys).union(right.keys).sorted() {
                let inner = path.key(key)
                switch (left[key], right[key]) {
                case (let x?, let y?): compare(x, y, at: inner, into: &result)
                case (let x, let y):
                    result.append(JSONDifference(path: inner, from: x, to: y))
                }
            }
        case (.array(let left), .array(let right)):
            compareLists(left, right, at: path, into: &result)
        default:
            result.append(JSONDifference(path: path, from: a, to: b))
        }
    }

    private static func compareLists(
        _ a: [JSONValue], _ b: [JSONValue], at path: FieldPath, into result: inout [JSONDifference]
    ) {
        let shorter = min(a.count, b.count)
        var start = 0
        while start < shorter, a[start] == b[start] { start += 1 }
        var end = 0
        while end < shorter - start, a[a.count - 1 - end] == b[b.count - 1 - end] { end += 1 }
        let left = Array(a[start..<(a.count - end)])
        let right = Array(b[start..<(b.count - end)])
        for index in 0..<max(left.count, right.count) {
            let inner = path.index(start + index)
            switch (
                index < left.count ? left[index] : nil, index < right.count ? right[index] : nil
            ) {
            case (let x?, let y?): compare(x, y, at: inner, into: &result)
            case (let x, let y): result.append(JSONDifference(path: inner, from: x, to: y))
            }
        }
    }
}
