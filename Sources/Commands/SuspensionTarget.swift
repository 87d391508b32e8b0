import ResourceAPI
import StateStore

/// What a person wants suspended or resumed.
struct SuspensionTarget {
    /// Nil: everything.
    let resource: ResourceID?

    var name: String { resource?.description ?? "everything" }

    static let noController =
        "no controller is running: it takes effect at the next `ingot apply` or `ingot run`\n"

    init(_ text: String?, isAll: Bool) throws {
        switch (text, isAll) {
        case (let text?, false):
            guard let id = ResourceID(text) else {
                throw CommandError.unknownResource(text, hint: "write it as kind/name")
            }
            resource = id
        case (nil, true): resource = nil
        case (nil, false): throw CommandError.noTarget
        case (.some, true): throw CommandError.twoTargets
        }
    }

    /// The same; the resource must be known.
    static func find(
        _ text: String?, isAll: Bool, in state: StateOptions
    ) async throws -> SuspensionTarget {
        let target = try SuspensionTarget(text, isAll: isAll)
        guard let id = target.resource else { return target }
        let store = try await StateStore.openReader(directory: state.directory)
        _ = try await KnownResource.find(id.description, in: store)
        return target
    }
}
