import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct GcCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Show, or delete, artifacts that nothing needs any more.",
        discussion: """
            Kept is what the newest commit, a stage, a served version or a running step needs, \
            and what was needed less than the retention period ago (spec.retention.artifacts of \
            the Project). That period counts from the first --delete that found it unneeded. \
            Without --delete nothing is deleted or noted. A revert to a commit whose artifacts \
            were deleted makes them again.

            Works with and without a running controller; without one, --path and --data are \
            those of `ingot run`.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Flag(help: "Only show what would be deleted: the default.")
    var dryRun = false

    @Flag(help: "Delete it.")
    var delete = false

    @Option(help: "Another retention period than the Project's: 12h, 7d, 0s.")
    var retention: String?

    func validate() throws {
        guard !(dryRun && delete) else {
            throw ValidationError("--dry-run and --delete exclude each other")
        }
    }

    func run() async throws {
        let milliseconds = try retention.map { text in
            guard let length = ManifestDuration(text) else { throw CommandError.badDuration(text) }
            return length.seconds * 1000
        }
        let roots = GarbageRoots(repository: repository, stateDirectory: state.directory)
        let answer = try await StateChange(directory: state.directory).make(
            .collectGarbage(
                isDryRun: !delete, retentionMilliseconds: milliseconds, actor: NSUserName()),
            timeout: StateChange.garbageTimeout, roots: { try await roots.find() })
        guard case .garbage(let summary) = answer.reply else { return }
        try format.write(summary, text: text(summary))
    }

    private func text(_ summary: GarbageSummary) -> String {
        let retention = ManifestDuration(seconds: summary.retentionMilliseconds / 1000)
        var text = summary.artifacts.prefix(20)
            .map { "  \($0.digest.short)  \($0.step?.description ?? "-")\n" }.joined()
        if summary.artifacts.count > 20 {
            text += "  and \(summary.artifacts.count - 20) more: see --output json\n"
        }
        text +=
            "\(summary.isDryRun ? "would delete" : "deleted") "
            + Plural.count(summary.artifacts.count, "artifact")
        if summary.files > 0 {
            text +=
                summary.isDryRun
                ? " and \(Plural.count(summary.files, "leftover file"))"
                : ", \(Plural.count(summary.files, "file"))"
        }
        text += ", \(ByteText.of(summary.bytes))\n"
        text += "kept \(Plural.count(summary.kept + summary.waiting, "artifact"))"
        if summary.waiting > 0 {
            text += ", \(summary.waiting) of them unneeded for less than \(retention)"
        }
        return text + "\n"
    }
}

/// Numbers of bytes for people: `512 bytes`, `1.4 MiB`.
enum ByteText {
    static func of(_ bytes: Int64) -> String {
        var value = Double(bytes)
        guard value >= 1024 else { return "\(bytes) bytes" }
        for unit in ["KiB", "MiB", "GiB"] {
            value /= 1024
            if value < 1024 { return String(format: "%.1f \(unit)", value) }
        }
        return String(format: "%.1f TiB", value / 1024)
    }
}
