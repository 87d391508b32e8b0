/// The kinds of step, in the order in which data flows.
package enum StepKind: String, CaseIterable, Hashable, Sendable, Codable, Comparable {
    case snapshot
    case profile
    case features
    /// What a feature view's features are at one instant, for serving.
    case online
    case trainingSet = "training-set"
    case train
    case evaluate
    /// Does nothing: for tests and for trying things out.
    case noop

    private var rank: Int { StepKind.allCases.firstIndex(of: self) ?? 0 }

    package static func < (a: StepKind, b: StepKind) -> Bool { a.rank < b.rank }
}

/// One step of one resource, written `trainingconfig/arrival-delay#train`.
package struct StepID: Hashable, Comparable, Sendable {
    package let resource: ResourceID
    package let kind: StepKind

    package init(_ resource: ResourceID, _ kind: StepKind) {
        self.resource = resource
        self.kind = kind
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count == 2, let resource = ResourceID(String(parts[0])),
            let kind = StepKind(rawValue: String(parts[1]))
        else { return nil }
        self.init(resource, kind)
    }

    package static func < (a: StepID, b: StepID) -> Bool {
        a.resource == b.resource ? a.kind < b.kind : a.resource < b.resource
    }
}

extension StepID: CustomStringConvertible {
    package var description: String { "\(resource)#\(kind.rawValue)" }
}

extension StepID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = StepID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a step id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
