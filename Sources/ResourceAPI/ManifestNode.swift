/// A value of a manifest with its position: what the YAML says, before it has a type.
package struct ManifestNode: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// `isPlain` is false for quoted and block scalars, which are always strings.
        case scalar(String, isPlain: Bool)
        case sequence([ManifestNode])
        /// In the order of the file; keys are unique.
        case mapping([Entry])
    }

    package struct Entry: Hashable, Sendable {
        package let key: String
        private let keyPlace: Place
        package let value: ManifestNode
        package init(key: String, keyLine: Int, keyColumn: Int, value: ManifestNode) {
            self.key = key
            keyPlace = Place(line: keyLine, column: keyColumn)
            self.value = value
        }

        package var keyLine: Int { Int(keyPlace.line) }
        package var keyColumn: Int { Int(keyPlace.column) }
    }

    /// Half the size of two `Int`: ten thousand manifests have half a million nodes.
    fileprivate struct Place: Hashable, Sendable {
        let line: UInt32
        let column: UInt32

        init(line: Int, column: Int) {
            self.line = UInt32(clamping: line)
            self.column = UInt32(clamping: column)
        }
    }

    package let content: Content
    private let place: Place
    package init(content: Content, line: Int, column: Int) {
        self.content = content
        place = Place(line: line, column: column)
    }

    package var line: Int { Int(place.line) }
    package var column: Int { Int(place.column) }

    /// The value under a key of a mapping.
    package subscript(key: String) -> ManifestNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The node at a field path such as `spec.features[2].column`, or the nearest enclosing one
    /// that exists (so that a removed field still has a place to point at).
    package func nearest(to path: FieldPath) -> ManifestNode {
        var node = self
        for component in path.components {
            switch (component, node.content) {
            case (.key(let key), .mapping):
                guard let next = node[key] else { return node }
                node = next
            case (.index(let index), .sequence(let items)) where items.indices.contains(index):
                node = items[index]
            case (.key(let name), .sequence(let items)):
                // Items that have names can be asked for by them: `features.temp`.
                guard let next = items.first(where: { $0.isNamed(name) }) else { return node }
                node = next
            default:
                return node
            }
        }
        return node
    }
}

extension ManifestNode {
    /// Whether its `name`, or else its `column`, is this.
    fileprivate func isNamed(_ wanted: String) -> Bool {
        guard case .scalar(let text, _)? = (self["name"] ?? self["column"])?.content
        else { return false }
        return text == wanted
    }
}

/// The way from a manifest's root to a value: `spec.features[2].column`.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    package enum Component: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    package let components: [Component]

    package init(_ components: [Component] = []) {
        self.components = components
    }

    /// Reads the form that `description` writes.
    package init(_ text: String) {
        components = text.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }).map {
            Int($0).map(Component.index) ?? .key(String($0))
        }
    }

    package func key(_ key: String) -> FieldPath { FieldPath(components + [.key(key)]) }
    package func index(_ index: Int) -> FieldPath { FieldPath(components + [.index(index)]) }

    package var description: String {
        components.reduce(into: "") { text, component in
            switch component {
            case .key(let key): text += text.isEmpty ? key : "." + key
            case .index(let index): text += "[\(index)]"
            }
        }
    }
}
