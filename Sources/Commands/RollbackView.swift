import Planning
import Reconciler
import ResourceAPI
import SourceControl

/// A rollback as text and JSON show it.
struct RollbackView: Encodable {
    struct Move: Encodable {
        let model: String
        let stage: String
        let version: Int?
    }

    struct Serving: Encodable {
        let deployment: String
        let from: Int?
        let to: Int
    }

    let target: String
    let summary: String
    let commit: String
    let isPushed: Bool
    let files: [String]
    let cachedSteps: Int
    let stepsToRun: Int
    let stages: [Move]
    let serving: [Serving]
    /// What to type instead of --push.
    let commands: [String]

    init(_ rollback: Rollback, _ outlook: RollbackOutlook, isPushed: Bool) {
        target = rollback.target.id.hex
        summary = rollback.target.summary
        commit = rollback.commit.id.hex
        self.isPushed = isPushed
        files = rollback.commit.changes.map(\.path.display)
        cachedSteps = outlook.cached
        stepsToRun = outlook.toRun
        stages = outlook.moves.map {
            Move(model: $0.model.text, stage: $0.stage.text, version: $0.version?.number)
        }
        serving = outlook.changed.map {
            Serving(
                deployment: $0.intent.deployment.text, from: $0.from,
                to: $0.intent.version.number)
        }
        // Where the watched branch is not that of a work tree, it is that of a server.
        commands = rollback.commands + (rollback.source.isCheckedOut ? [] : ["git push"])
    }

    var text: String {
        var text = "back to \(target.prefix(7))  \(summary)\n"
        for file in files.prefix(20) { text += "  changes \(file)\n" }
        if files.count > 20 { text += "  and \(files.count - 20) more files\n" }
        for move in stages {
            text +=
                "  model/\(move.model): \(move.stage) shows "
                + (move.version.map { "v\($0) again" } ?? "nothing") + "\n"
        }
        for entry in serving {
            text +=
                "  deployment/\(entry.deployment): serves v\(entry.to)"
                + (entry.from.map { " instead of v\($0)" } ?? "") + "\n"
        }
        text +=
            stepsToRun == 0
            ? "  nothing has to be made again: all \(Plural.count(cachedSteps, "artifact")) exist\n"
            : "  \(Plural.count(cachedSteps, "artifact")) exist, \(Plural.count(stepsToRun, "step")) must run again\n"
        if isPushed { return text + "pushed as \(commit.prefix(7))\n" }
        text += "\nnothing was changed; `ingot rollback \(target.prefix(7)) --push` does it, or:\n"
        return text + commands.map { "  \($0)\n" }.joined()
    }
}
