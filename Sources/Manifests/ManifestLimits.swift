/// What a manifest may cost. libyaml is quadratic on deep nesting, so depth and events are counted
/// while reading and the reading stops at the limit.
package struct ManifestLimits: Hashable, Sendable {
    /// Bytes of one file.
    package var fileBytes: Int
    /// Mappings and sequences inside each other.
    package var depth: Int
    /// libyaml events of one file: about two per scalar field.
    package var events: Int
    /// Bytes of all manifests of one commit.
    package var commitBytes: Int
    /// Bytes of one scalar, as UTF-8.
    package var scalarBytes: Int
    /// Diagnostics of one file; the rest are only counted.
    package var diagnostics: Int

    package init(
        fileBytes: Int = 256 << 10, depth: Int = 32, events: Int = 50_000,
        commitBytes: Int = 10 << 20, scalarBytes: Int = 64 << 10, diagnostics: Int = 100
    ) {
        self.fileBytes = fileBytes
        self.depth = depth
        self.events = events
        self.commitBytes = commitBytes
        self.scalarBytes = scalarBytes
        self.diagnostics = diagnostics
    }

    package static let standard = ManifestLimits()
}
