package import ResourceAPI

/// A manifest as it stands in a commit.
package struct ManifestFile: Hashable, Sendable {
    package let path: RepositoryPath
    package let bytes: [UInt8]

    package init(path: RepositoryPath, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// What one file says. Depends on nothing but the file's path and bytes, so that it can be kept
/// under the path and the blob id.
package struct ParsedFile: Hashable, Sendable {
    package let file: ManifestFile
    /// Every document whose kind and name can be told, in the order of the file.
    package let documents: [Document]
    package let diagnostics: [Diagnostic]
    /// See `ParsedManifests.failedFiles`.
    package let failed: Bool

    /// A document that names a resource.
    package struct Document: Hashable, Sendable {
        package let id: ResourceID
        /// Where its name stands.
        package let location: SourceLocation
        /// Nil if it has errors.
        package let resource: Resource?
    }

    /// The line of a place in this file, as diagnostics show it.
    func quote(_ location: SourceLocation) -> String? {
        QuotedLines(file.bytes).quote(line: location.line, column: location.column)
    }
}

/// What all manifests of a commit say.
package struct ParsedManifests: Hashable, Sendable {
    /// Those without errors, sorted by id.
    package let resources: [Resource]
    /// Sorted by place.
    package let diagnostics: [Diagnostic]
    /// Files that do not say completely which resources they hold: they are not YAML, or break a
    /// limit, or have a document whose kind or name cannot be told. A resource that stood in such a
    /// file and is in neither `resources` nor `invalid` must keep its state.
    package let failedFiles: Set<RepositoryPath>
    /// Resources that a document names, but whose document has errors.
    package let invalid: Set<ResourceID>
    /// Documents of different files contradict each other.
    let hasContradictions: Bool

    package init(
        resources: [Resource], diagnostics: [Diagnostic], failedFiles: Set<RepositoryPath>,
        invalid: Set<ResourceID>, hasContradictions: Bool = false
    ) {
        self.resources = resources
        self.diagnostics = diagnostics
        self.failedFiles = failedFiles
        self.invalid = invalid
        self.hasContradictions = hasContradictions
    }
}
