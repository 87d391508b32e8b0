import ArgumentParser
import Execution
import Foundation
import Manifests
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check manifests: in a folder as it lies there, or at a revision.",
        discussion: """
            Without --revision the files of the folder are read, so that a change can be checked \
            before it is committed. Exit code 1 if there is an error.
            """)

    @Argument(help: "The project's folder: where its ingot.yaml is.")
    var folder = "."

    @Option(help: "Check this commit or branch of --repository instead.")
    var revision: String?

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var format: OutputOptions

    private struct View: Encodable {
        let resources: Int
        let errors: Int
        let diagnostics: [Entry]

        struct Entry: Encodable {
            let severity: Diagnostic.Severity
            let place: String?
            let message: String
            let hint: String?
            let resource: ResourceID?
        }
    }

    func run() async throws {
        let (resources, diagnostics) = try await check()
        let errors = diagnostics.filter { $0.severity == .error }.count
        let view = View(
            resources: resources, errors: errors,
            diagnostics: diagnostics.map {
                View.Entry(
                    severity: $0.severity, place: $0.location?.description, message: $0.message,
                    hint: $0.hint, resource: $0.resource)
            })
        let summary =
            errors == 0
            ? "\(Plural.count(resources, "resource")), no errors\n"
            : "\n\(Plural.count(resources, "resource")) without errors, \(Plural.count(errors, "error"))\n"
        try format.write(
            view, text: diagnostics.map { "\($0)\n" }.joined(separator: "\n") + summary)
        if errors > 0 { throw ExitStatus.failure }
    }

    private func check() async throws -> (resources: Int, diagnostics: [Diagnostic]) {
        if let revision {
            let source = try ProjectSource.open(repository, stateDirectory: ".ingot")
            let commit = try await source.repository.resolve(revision: revision)
            let compiled = try await source.reader(nil).compile(commit)
            try requireManifests(compiled.graph, compiled.diagnostics, revision)
            return (compiled.graph.resources.count, compiled.diagnostics)
        }
        let manifests = ManifestFolder(path: AbsolutePath.of(folder))
        let files = try manifests.files()
        let parsed = await ManifestParser.parseConcurrently(files)
        let graph = GraphCompiler.compile(resources: parsed.resources, invalid: parsed.invalid)
        let texts = Dictionary(files.map { ($0.path, $0.bytes) }, uniquingKeysWith: { a, _ in a })
        let lock = manifests.snapshotLock.map(SnapshotLockFile.parse) ?? .none
        let diagnostics =
            parsed.diagnostics + graph.diagnostics.map { $0.quoting(texts) } + lock.diagnostics
        try requireManifests(graph, diagnostics, "the work tree")
        return (graph.resources.count, diagnostics)
    }

    private func requireManifests(
        _ graph: ResourceGraph, _ diagnostics: [Diagnostic], _ revision: String
    ) throws {
        guard graph.resources.isEmpty, diagnostics.isEmpty else { return }
        throw CommandError.noProject(revision: revision, folder: folder)
    }
}

/// Manifests of a folder as it lies there.
struct ManifestFolder {
    /// Absolute.
    let path: String

    /// Nil if there is none.
    var snapshotLock: ManifestFile? {
        FileManager.default.contents(atPath: path + "/" + SnapshotLock.path.display).map {
            ManifestFile(path: SnapshotLock.path, bytes: Array($0))
        }
    }

    /// Regular `.yaml` and `.yml` files, at any depth, not in folders whose names begin with a dot.
    func files() throws -> [ManifestFile] {
        let root = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw CommandError.notAFolder(path) }
        let keys: [URLResourceKey] = [.isRegularFileKey]
        let walk = FileManager.default.enumerator(
            at: root, includingPropertiesForKeys: keys, options: [.skipsHiddenFiles])
        var files: [ManifestFile] = []
        let prefix = root.resolvingSymlinksInPath().path + "/"
        for case let url as URL in walk ?? FileManager.DirectoryEnumerator() {
            guard ["yaml", "yml"].contains(url.pathExtension),
                try url.resourceValues(forKeys: Set(keys)).isRegularFile == true
            else { continue }
            let full = url.resolvingSymlinksInPath().path
            let relative = full.hasPrefix(prefix) ? String(full.dropFirst(prefix.count)) : full
            files.append(
                ManifestFile(
                    path: RepositoryPath(relative), bytes: Array(try Data(contentsOf: url))))
        }
        return files.sorted { $0.path < $1.path }
    }
}
