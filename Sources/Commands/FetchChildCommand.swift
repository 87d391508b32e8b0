import ArgumentParser
import Foundation
import SourceControl

struct FetchChildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fetch one branch into the mirror.", shouldDisplay: false)

    @Option var mirror: String
    @Option var url: String
    @Option var branch: String

    func run() async throws {
        let report = FetchCommand.perform(
            mirrorPath: mirror, url: url, branch: branch,
            environment: ProcessInfo.processInfo.environment)
        Terminal.write(report.line + "\n")
        if report.problem != nil { throw ExitStatus.failure }
    }
}
