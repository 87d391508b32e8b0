import Foundation
import Testing

/// A project of steps that do nothing, for tests of what goes on around them.
struct NoopProject {
    struct Step {
        let name: String
        var content: String
        var after: [String] = []
        var seconds: Double = 0
    }

    let workshop: Workshop
    /// More lines under `spec:` of the Project.
    var settings: [String] = []
    /// More fields under `metadata:` of each dataset, by name.
    var metadata: [String: String] = [:]

    init(_ workshop: Workshop) {
        self.workshop = workshop
    }

    /// Writes the manifests into the clone; those of other steps are gone.
    func write(_ steps: [Step]) throws {
        let spec = settings.isEmpty ? "spec: {}" : "spec:\n" + settings.map { "  \($0)\n" }.joined()
        try workshop.write(
            "apiVersion: ingot/v1\nkind: Project\nmetadata: {name: noop}\n\(spec)\n",
            to: "ingot.yaml")
        let folder = workshop.clone + "/steps"
        try? FileManager.default.removeItem(atPath: folder)
        for step in steps { try workshop.write(manifest(step), to: "steps/\(step.name).yaml") }
    }

    private func manifest(_ step: Step) -> String {
        let more = metadata[step.name].map { ", \($0)" } ?? ""
        return """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: \(step.name)\(more)}
            spec:
              source:
                noop:
                  dependsOn: [\(step.after.joined(separator: ", "))]
                  content: "\(step.content)"
                  seconds: \(step.seconds)

            """
    }

    func commit(_ steps: [Step], _ message: String) throws -> String {
        try write(steps)
        return try workshop.commitAndPush(message)
    }

    // MARK: Commands

    @discardableResult
    func apply() throws -> Workshop.Output {
        try workshop.ingot("apply", "--repository", workshop.bare)
    }

    /// Steps of succeeded runs, sorted, with how often each ran.
    func runs() throws -> [String: Int] {
        let output = try workshop.ingot("get", "runs", "--output", "json", "--limit", "100000")
        let runs = try #require(try workshop.json(output)["runs"] as? [[String: Any]])
        var counts: [String: Int] = [:]
        for run in runs where run["state"] as? String == "succeeded" {
            let step = try #require(run["step"] as? String)
            counts[step, default: 0] += 1
        }
        return counts
    }

    /// Fields of one resource as `ingot status` shows it.
    func status(_ resource: String) throws -> [String: Any] {
        let output = try workshop.ingot("status", resource, "--output", "json")
        let rows = try #require(try workshop.json(output)["resources"] as? [[String: Any]])
        return try #require(rows.first, "\(output)")
    }

    func health(_ resource: String) throws -> String {
        try status(resource)["health"] as? String ?? "none"
    }
}

/// Asks again and again, at most `seconds` long.
func eventually(_ seconds: Double = 60, _ isTrue: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
        if try isTrue() { return true }
        usleep(50_000)
    }
    return try isTrue()
}
