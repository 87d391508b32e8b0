import ArgumentParser
import Planning
import ResourceAPI
import SourceControl
import StateStore

struct LineageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "Walk from a prediction, or a model version, back to data, commits and people.",
        discussion: """
            Give the prediction_id of an answer, a version such as model/arrival-delay@2, or an \
            artifact's digest.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "A prediction id, model/NAME@VERSION, or sha256:….")
    var what: String

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let start = try await LineageStart.find(what, in: store)
        let lineage = try await store.lineage(of: start.artifact)
        let mirror = try? GitRepository(opening: state.directory + "/repo.git")
        var authors: [CommitID: CommitInfo] = [:]
        for run in lineage.runs where authors[run.commit] == nil {
            authors[run.commit] = try? await mirror?.commit(run.commit)
        }
        if let rollout = start.rollout, authors[rollout.revision.commit] == nil {
            authors[rollout.revision.commit] = try? await mirror?.commit(rollout.revision.commit)
        }
        let view = LineageView(start: start, lineage: lineage, commits: authors)
        try format.write(view, text: view.text)
    }
}

/// Where a lineage begins.
struct LineageStart {
    let prediction: PredictionID?
    let versions: [VersionRecord]
    let rollout: RolloutRecord?
    let artifact: Digest

    static func find(_ text: String, in store: StateStore) async throws -> LineageStart {
        if let digest = Digest(text) {
            return LineageStart(
                prediction: nil,
                versions: try await store.versions().filter { $0.version.digest == digest },
                rollout: nil, artifact: digest)
        }
        if text.hasPrefix("model/") { return try await version(text, in: store) }
        guard let prediction = PredictionID(text) else {
            throw CommandError.unknownPrediction(text, reason: "it is not a prediction id")
        }
        let versions = try await store.versions(digestPrefix: prediction.digestPrefix)
        guard let first = versions.first else {
            throw CommandError.unknownPrediction(
                text, reason: "no registered version has a digest that begins so")
        }
        return LineageStart(
            prediction: prediction, versions: versions,
            rollout: try await store.rollout(
                of: prediction.deployment, at: Int64(prediction.milliseconds)),
            artifact: first.version.digest)
    }

    private static func version(_ text: String, in store: StateStore) async throws -> LineageStart {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[1]) else {
            throw CommandError.unknownResource(text, hint: "write it as model/NAME@VERSION")
        }
        let name = try await ModelName.find(String(parts[0]), in: store)
        let record = try await store.version(number, of: name)
        return LineageStart(
            prediction: nil, versions: [record], rollout: nil, artifact: record.version.digest)
    }
}

/// A lineage as text and JSON show it.
struct LineageView: Encodable {
    struct Commit: Encodable {
        let id: String
        let author: String
        let email: String
        let summary: String
    }

    struct Version: Encodable {
        let model: String
        let version: Int
        let digest: Digest
        let commit: String
        let metrics: JSONValue
    }

    struct Run: Encodable {
        let run: String
        let step: StepID
        let artifact: Digest?
        let inputs: [String: Digest]
        let fingerprint: Fingerprint
        let runtime: Digest
        let seed: Int64
        let commit: Commit
        let reasons: [Reason]
    }

    let prediction: String?
    let deployment: String?
    let servedSince: String?
    let servedFor: Commit?
    let versions: [Version]
    /// From the model backwards to the data.
    let runs: [Run]

    init(start: LineageStart, lineage: Lineage, commits: [CommitID: CommitInfo]) {
        func describe(_ id: CommitID) -> Commit {
            let info = commits[id]
            return Commit(
                id: id.hex, author: info?.author.name ?? "unknown",
                email: info?.author.email ?? "", summary: info?.summary ?? "")
        }
        prediction = start.prediction?.description
        deployment = start.prediction?.deployment.text
        servedSince = start.rollout.map {
            TimeText.date(milliseconds: $0.readyAt ?? $0.startedAt)
        }
        servedFor = start.rollout.map { describe($0.revision.commit) }
        versions = start.versions.map {
            Version(
                model: $0.version.model.text, version: $0.version.number,
                digest: $0.version.digest, commit: $0.version.commit.hex,
                metrics: $0.version.metrics)
        }
        runs = lineage.runs.map { run in
            Run(
                run: run.id, step: run.step, artifact: run.artifact, inputs: run.inputs,
                fingerprint: run.fingerprint, runtime: run.order.runtime, seed: run.order.seed,
                commit: describe(run.commit), reasons: run.reasons)
        }
    }

    var text: String {
        var text = ""
        if let prediction { text += "prediction  \(prediction)\n" }
        if let deployment {
            text += "deployment  deployment/\(deployment)"
            if let servedSince { text += ", served since \(servedSince)" }
            text += "\n"
        }
        if let commit = servedFor { text += "asked for by \(describe(commit))\n" }
        for version in versions {
            text += "model       model/\(version.model) version \(version.version)\n"
            text += "            \(version.digest)\n"
        }
        text += "\nmade by\n"
        for run in runs {
            text += "\n  \(run.step)  (run \(run.run))\n"
            if let artifact = run.artifact { text += "    made     \(artifact)\n" }
            for (name, digest) in run.inputs.sorted(by: { $0.key < $1.key }) {
                text += "    from     \(name)  \(digest)\n"
            }
            text += "    commit   \(describe(run.commit))\n"
            for reason in run.reasons where reason.change != nil {
                text += "    because  \(ReasonText.long(reason))\n"
            }
        }
        return text
    }

    private func describe(_ commit: Commit) -> String {
        "\(commit.id.prefix(7)) by \(commit.author) <\(commit.email)>: \(commit.summary)"
    }
}
