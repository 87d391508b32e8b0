/// The kinds of resource, in the order in which data flows.
package enum ResourceKind: String, CaseIterable, Sendable, Codable, Hashable, Comparable {
    case project = "Project"
    case dataset = "Dataset"
    case featureView = "FeatureView"
    case trainingConfig = "TrainingConfig"
    case model = "Model"
    case deployment = "Deployment"

    /// The lower-case word used on the command line and in ids.
    package var word: String { rawValue.lowercased() }

    /// Reads `Dataset`, `dataset` or `datasets`.
    package init?(word: String) {
        let lower = word.lowercased()
        guard
            let kind = ResourceKind.allCases.first(where: {
                $0.word == lower || $0.word + "s" == lower
            })
        else { return nil }
        self = kind
    }

    private var rank: Int { ResourceKind.allCases.firstIndex(of: self) ?? 0 }

    package static func < (a: ResourceKind, b: ResourceKind) -> Bool { a.rank < b.rank }
}

/// A name of 1 to 63 bytes: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`. ASCII only, so that comparing
/// it as text is comparing its bytes.
package struct ResourceName: Hashable, Comparable, Sendable {
    package let text: String

    package init?(_ text: String) {
        guard ResourceName.isValid(text.utf8) else { return nil }
        self.text = text
    }

    package static func isValid(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    package static func < (a: ResourceName, b: ResourceName) -> Bool {
        a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
    }
}

extension ResourceName: CustomStringConvertible {
    package var description: String { text }
}

extension ResourceName: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = ResourceName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a resource name")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A kind and a name, written `trainingconfig/arrival-delay`.
package struct ResourceID: Hashable, Comparable, Sendable {
    package let kind: ResourceKind
    package let name: ResourceName

    package init(_ kind: ResourceKind, _ name: ResourceName) {
        self.kind = kind
        self.name = name
    }

    /// Reads `kind/name`, the kind in any case, singular or plural.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = ResourceKind(word: String(parts[0])),
            let name = ResourceName(String(parts[1]))
        else { return nil }
        self.init(kind, name)
    }

    package static func < (a: ResourceID, b: ResourceID) -> Bool {
        a.kind == b.kind ? a.name < b.name : a.kind < b.kind
    }
}

extension ResourceID: CustomStringConvertible {
    package var description: String { "\(kind.word)/\(name)" }
}

extension ResourceID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ResourceID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a resource id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
