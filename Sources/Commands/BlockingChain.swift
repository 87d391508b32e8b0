import Manifests
import ResourceAPI
import SourceControl
import StateStore

/// What a resource waits for, and what that waits for, up to the one that is the cause.
struct BlockingChain {
    private static let maximumLinks = 12

    struct Link: Encodable {
        let resource: ResourceID
        let sync: SyncStatus
        let health: HealthStatus
        let message: String
    }

    /// The resource itself first; empty if it is ready.
    let links: [Link]

    /// - Parameter mirror: has the manifests as they were applied.
    init(
        from resource: ResourceID, statuses: [StatusRecord], inventory: [InventoryEntry],
        mirror: GitRepository?
    ) async {
        let known = Dictionary(
            statuses.map { ($0.resource, $0.status) }, uniquingKeysWith: { first, _ in first })
        let files = Dictionary(
            inventory.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        var links: [Link] = []
        var seen: Set<ResourceID> = []
        var next: ResourceID? = resource
        while let id = next, links.count < Self.maximumLinks, seen.insert(id).inserted,
            let status = known[id], !status.isReady
        {
            links.append(
                Link(
                    resource: id, sync: status.sync, health: status.health,
                    message: status.message))
            let needed = await Self.dependencies(of: files[id], in: mirror)
            next = needed.first { known[$0].map { !$0.isReady } ?? false }
        }
        self.links = links
    }

    private static func dependencies(
        of entry: InventoryEntry?, in mirror: GitRepository?
    ) async -> [ResourceID] {
        guard let entry, let mirror,
            let blob = Hex.decode(Array(entry.blob.utf8)).flatMap({ BlobID(bytes: $0) }),
            let bytes = try? await mirror.blob(blob, limit: ManifestLimits.standard.fileBytes)
        else { return [] }
        let file = ManifestParser.parse(ManifestFile(path: entry.file, bytes: bytes))
        let resource = file.documents.lazy.compactMap(\.resource).first { $0.id == entry.resource }
        return resource?.dependencies ?? []
    }

    /// One link a line, the cause last; empty if it is ready.
    var text: String {
        guard links.count > 1 else { return "" }
        var table = Table("WAITS FOR", "SYNC", "HEALTH", "MESSAGE")
        for link in links {
            table.add(
                link.resource.description, link.sync.rawValue, link.health.rawValue, link.message)
        }
        return "\n" + table.text(ifEmpty: "")
    }
}

extension NewStatus {
    fileprivate var isReady: Bool {
        conditions.first { $0.type == "Ready" }?.status == .yes
    }
}

extension Resource {
    /// What it names, in the order of its fields.
    fileprivate var dependencies: [ResourceID] {
        switch spec {
        case .project: []
        case .dataset(let dataset):
            switch dataset.source {
            case .file, .http, .s3, .postgres: []
            case .sql(let source): source.inputs.map { ResourceID(.dataset, $0) }
            case .noop(let source): source.dependsOn.map { ResourceID(.dataset, $0) }
            }
        case .featureView(let view): [ResourceID(.dataset, view.dataset)]
        case .trainingConfig(let config):
            [ResourceID(.dataset, config.spine.dataset)]
                + config.features.compactMap { selection in
                    if case .view(let name, _) = selection {
                        ResourceID(.featureView, name)
                    } else {
                        nil
                    }
                }
        case .model(let model): [ResourceID(.trainingConfig, model.trainingConfig)]
        case .deployment(let deployment): [ResourceID(.model, deployment.model)]
        }
    }
}
