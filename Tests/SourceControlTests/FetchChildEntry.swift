import Foundation
import Testing

@testable import SourceControl

/// The child of `FetchTests`: this same executable, told by its environment to fetch and end. It
/// does what the hidden command `ingot fetch` does.
@Suite("Fetch child entry")
struct FetchChildEntry {
    static let marker = "INGOT_TEST_FETCH_CHILD"

    @Test(
        "fetches as the child",
        .enabled(if: ProcessInfo.processInfo.environment[marker] != nil))
    func fetch() {
        let arguments = CommandLine.arguments
        func value(_ name: String) -> String {
            guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else {
                return ""
            }
            return arguments[index + 1]
        }
        let environment = ProcessInfo.processInfo.environment
        let report: FetchReport
        if arguments.contains("--push") {
            report = PushCommand.perform(
                mirrorPath: value("--mirror"), url: value("--url"), branch: value("--branch"),
                commit: value("--push"), expecting: value("--expect"),
                creates: arguments.contains("--create"), environment: environment)
        } else {
            report = FetchCommand.perform(
                mirrorPath: value("--mirror"), url: value("--url"), branch: value("--branch"),
                environment: environment)
        }
        print("\n" + report.line)
        exit(report.problem == nil ? 0 : 1)
    }

    /// A `FetchChild` that starts this executable.
    static func child(
        _ environment: [String: String] = [:], deadline: Swift.Duration = .seconds(60)
    ) throws -> FetchChild {
        var all = ProcessInfo.processInfo.environment
        for (name, value) in environment { all[name] = value }
        all[marker] = "1"
        return FetchChild(
            executablePath: try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe"),
            leadingArguments: [
                "--testing-library", "swift-testing", "--filter", "FetchChildEntry",
            ],
            environment: all, passedOn: [marker], deadline: deadline)
    }
}
