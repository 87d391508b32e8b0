import ArgumentParser
import Execution
import Foundation

struct RuntimeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runtime",
        abstract:
            "Prepare the Python runtime that Ingot ships a lock file for, and print its folder.",
        discussion: """
            Runtimes are shared by all projects of a user: $INGOT_RUNTIMES, or \
            ~/.cache/ingot/runtimes. The first preparation needs a package index.
            """)

    @OptionGroup var format: OutputOptions

    func run() async throws {
        let provider = RuntimeProvider(environment: ProcessInfo.processInfo.environment)
        let runtime = try await provider.prepare(try WorkerPackage.requirementsLock()) { line in
            Terminal.writeError(line + "\n")
        }
        let folder = URL(fileURLWithPath: runtime.pythonPath).deletingLastPathComponent()
            .deletingLastPathComponent().path
        try format.write(["path": folder], text: folder + "\n")
    }
}
