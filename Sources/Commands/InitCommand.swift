import ArgumentParser
import Foundation

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a small working project to start from: data, manifests, .gitignore.")

    @Argument(help: "The folder; made if it does not exist.")
    var folder = "."

    @OptionGroup var format: OutputOptions

    func run() throws {
        let root = AbsolutePath.of(folder)
        for (name, _) in StarterProject.files
        where FileManager.default.fileExists(atPath: root + "/" + name) {
            throw CommandError.folderNotEmpty(path: root, file: name)
        }
        for (name, text) in StarterProject.files {
            let url = URL(fileURLWithPath: root + "/" + name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        try format.write(
            ["files": StarterProject.files.map(\.name)],
            text: """
                wrote \(StarterProject.files.map(\.name).joined(separator: ", ")) to \(root)

                next, in that folder:
                  git init -b main && git add -A && git commit -m "Start"
                  ingot run                follows the branch (ingot apply: once)
                  ingot gateway            in another terminal: serves on http://127.0.0.1:8080

                """)
    }
}
