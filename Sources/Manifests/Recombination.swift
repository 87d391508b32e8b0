import ResourceAPI

extension ManifestParser {
    /// The same as `combine`, from what it said before of almost the same files: costs what changed,
    /// beside copying one list.
    ///
    /// - Parameters:
    ///   - old: files that are gone or changed, as they were.
    ///   - new: files that are new or changed, as they are.
    ///   - bytes: of all files together, as they are now.
    /// - Returns: nil if the files have to be looked at together, since names or Projects are
    ///   concerned that more than one of them may give.
    package static func recombine(
        _ before: ParsedManifests, removing old: [ParsedFile], adding new: [ParsedFile],
        bytes: Int, limits: ManifestLimits = .standard
    ) -> ParsedManifests? {
        guard !before.hasContradictions, bytes <= limits.commitBytes else { return nil }
        let gone = Set(old.flatMap(\.documents).map(\.id))
        var added: Set<ResourceID> = []
        for document in new.flatMap(\.documents) {
            guard document.id.kind != .project, added.insert(document.id).inserted,
                gone.contains(document.id) || !before.names(document.id)
            else { return nil }
        }
        guard !gone.contains(where: { $0.kind == .project }) else { return nil }
        let changedPaths = Set((old + new).map(\.file.path))
        let resources = new.flatMap { $0.documents.compactMap(\.resource) }
            .sorted { $0.id < $1.id }
        return ParsedManifests(
            resources: merged(before.resources.filter { !gone.contains($0.id) }, resources),
            diagnostics: (before.diagnostics.filter { diagnostic in
                diagnostic.location.map { !changedPaths.contains($0.file) } ?? true
            } + new.flatMap(\.diagnostics)).sorted(by: isBefore),
            failedFiles: before.failedFiles.subtracting(changedPaths)
                .union(new.filter(\.failed).map(\.file.path)),
            invalid: before.invalid.subtracting(gone).union(
                new.flatMap { $0.documents.filter { $0.resource == nil }.map(\.id) }))
    }

    /// Both sorted by id.
    private static func merged(_ a: [Resource], _ b: [Resource]) -> [Resource] {
        var result: [Resource] = []
        result.reserveCapacity(a.count + b.count)
        var rest = b[...]
        for resource in a {
            while let next = rest.first, next.id < resource.id {
                result.append(next)
                rest.removeFirst()
            }
            result.append(resource)
        }
        return result + rest
    }
}

extension ParsedManifests {
    /// Whether some document has this name.
    fileprivate func names(_ id: ResourceID) -> Bool {
        if invalid.contains(id) { return true }
        var low = 0
        var high = resources.count
        while low < high {
            let middle = (low + high) / 2
            if resources[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < resources.count && resources[low].id == id
    }
}
