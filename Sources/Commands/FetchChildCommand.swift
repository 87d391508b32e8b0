import ArgumentParser
import Foundation
import SourceControl

struct FetchChildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fetch one branch into the mirror, or push it.",
        shouldDisplay: false)

    @Option var mirror: String
    @Option var url: String
    @Option var branch: String
    @Option var push: String?
    @Option var expect: String?
    @Flag var create = false

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let report: FetchReport
        if let push {
            report = PushCommand.perform(
                mirrorPath: mirror, url: url, branch: branch, commit: push,
                expecting: expect ?? "", creates: create, environment: environment)
        } else {
            report = FetchCommand.perform(
                mirrorPath: mirror, url: url, branch: branch, environment: environment)
        }
        Terminal.write(report.line + "\n")
        if report.problem != nil { throw ExitStatus.failure }
    }
}
