import ResourceAPI

/// The events of a window, relative to the spine's time t: those from t − `reach` to t − `offset`,
/// with or without the ends.
struct FeatureWindow: Hashable, Sendable {
    /// Seconds: the offset and the window's length, or the view's time to live if that is shorter.
    let reach: Int64
    let includesReach: Bool
    /// Seconds.
    let offset: Int64
    let includesOffset: Bool

    init(_ length: ManifestDuration, of feature: Feature, ttl: ManifestDuration?) {
        let full = length.seconds + feature.offset.seconds
        offset = feature.offset.seconds
        includesOffset = feature.closed.includesRight
        // A row as old as the time to live is still used.
        if let ttl, ttl.seconds < full {
            reach = ttl.seconds
            includesReach = true
        } else {
            reach = full
            includesReach = feature.closed.includesLeft
        }
    }

    /// No instant lies between its ends.
    var isEmpty: Bool {
        reach < offset || reach == offset && !(includesReach && includesOffset)
    }

    /// The window in words, unique among those of a view: `6h`; `3d open to 1d closed`.
    var text: String {
        var text = "\(ManifestDuration(seconds: reach))"
        if !includesReach { text += " open" }
        if offset > 0 || includesOffset { text += " to \(ManifestDuration(seconds: offset))" }
        if includesOffset { text += " closed" }
        return text
    }

    /// What belongs to it has this name in SQL.
    var alias: String { SQLProgram.identifier(text) }
}

extension FeatureWindow: Comparable {
    static func < (a: FeatureWindow, b: FeatureWindow) -> Bool {
        (a.reach, a.offset, a.text) < (b.reach, b.offset, b.text)
    }
}
