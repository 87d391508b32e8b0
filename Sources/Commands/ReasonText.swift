import Planning
import ResourceAPI

/// Reasons in words.
enum ReasonText {
    /// One line without who did it.
    static func short(_ reason: Reason) -> String {
        let resource = reason.resource.map { "\($0) " } ?? ""
        let field = reason.field ?? ""
        switch reason.kind {
        case .firstRun: return "never run before"
        case .fieldChanged: return "\(resource)\(field)\(values(reason))"
        case .columnsChanged:
            return "the training set has other feature columns" + counts(reason)
        case .inputChanged: return "input '\(field)' changed"
        case .inputPending: return "waits for input '\(field)'"
        case .runtimeChanged: return "the Python runtime's lock file changed"
        case .recipeVersionChanged: return "this Ingot computes the step differently"
        case .artifactMissing: return "its artifact is missing or damaged"
        case .refreshDue:
            let now = reason.to?.string.map { " as of \($0)" } ?? ""
            let before = reason.from?.string.map { " instead of \($0)" } ?? ""
            return "\(resource)is refreshed\(now)\(before)"
        case .retry: return "tried again after a passing failure"
        }
    }

    /// With the commit and author, if they are known.
    static func long(_ reason: Reason) -> String {
        guard let change = reason.change else { return short(reason) }
        let place = change.place.map { " at \($0)" } ?? ""
        return "\(short(reason))\(place), commit \(change.commit.short) by \(change.author): "
            + change.summary
    }

    private static func counts(_ reason: Reason) -> String {
        guard let from = reason.from?.int, let to = reason.to?.int, from != to else { return "" }
        return " (\(to) instead of \(from))"
    }

    private static func values(_ reason: Reason) -> String {
        func text(_ value: JSONValue) -> String {
            let text = value.canonicalText
            return text.count > 60 ? text.prefix(57) + "…" : text
        }
        switch (reason.from, reason.to) {
        case (let from?, let to?): return " changed from \(text(from)) to \(text(to))"
        case (nil, let to?): return " was added: \(text(to))"
        case (let from?, nil): return " was removed: \(text(from))"
        case (nil, nil): return ""
        }
    }
}
