import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a revision is reconciled and ready.",
        discussion: """
            Exit codes: 0 ready, 1 error, 2 stalled (something needs a human), 3 held (the commit \
            needs `ingot approve`), 4 superseded (another commit was reconciled instead), 124 \
            time-out.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Option(
        help: """
            The commit: its id, at least 7 digits of it, or a branch or HEAD of --repository as it \
            is now. Default: the newest that the controller has seen.
            """
    )
    var revision: String?

    @Option(
        name: [.long, .customShort("C")],
        help: "The local repository in which --revision names a branch or HEAD.")
    var repository = "."

    @Option(help: "How long to wait: 90s, 5m, 1h.")
    var timeout = "10m"

    @Flag(help: "Do not wait for deployments to be served.")
    var skipServing = false

    func run() async throws {
        guard let limit = ManifestDuration(timeout) else {
            throw CommandError.badDuration(timeout)
        }
        var look = RevisionLook(
            wanted: try await wanted(), stateDirectory: state.directory,
            skipsServing: skipServing)
        let patience = Patience(seconds: limit.seconds, clock: SystemLoopClock())
        try end(
            try await patience.wait { now in try await look.verdict(now: now) })
    }

    private func end(_ verdict: RevisionLook.Verdict) throws {
        switch verdict {
        case .waiting(let why):
            try tell("timeout", "not ready after \(timeout): \(why)")
            throw ExitStatus.timeout
        case .ready(let text):
            try tell("ready", text)
        case .stalled(let text):
            try tell("stalled", text)
            throw ExitStatus.stalled
        case .held(let text):
            try tell("held", text)
            throw ExitStatus.held
        case .superseded(let text):
            try tell("superseded", text)
            throw ExitStatus.superseded
        }
    }

    /// Digits are those of a commit that the controller may not have seen yet; a name is looked up
    /// now, so that what is pushed to it later is not what is waited for.
    private func wanted() async throws -> String? {
        guard let revision else { return nil }
        let isHex = revision.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        if isHex, revision.count >= 7 { return revision.lowercased() }
        let url = try RepositoryURL(
            repository, relativeTo: FileManager.default.currentDirectoryPath)
        guard let path = url.localPath else { throw CommandError.remoteName(revision) }
        return try await GitRepository(opening: path).resolve(revision: revision).hex
    }

    /// What went wrong goes to standard error, unless a program asked.
    private func tell(_ outcome: String, _ message: String) throws {
        switch format.output {
        case .json:
            Terminal.write(try JSONText.pretty(["outcome": outcome, "message": message]))
        case .table where outcome == "ready": Terminal.write("ready: \(message)\n")
        case .table where outcome == "timeout": Terminal.writeError(message + "\n")
        case .table: Terminal.writeError("\(outcome): \(message)\n")
        }
    }
}

/// Looks again and again for a limited time, by a clock that nobody can set.
struct Patience {
    private static let pollMilliseconds: Int64 = 50

    let seconds: Int64
    let clock: any LoopClock

    /// - Parameter look: gets milliseconds of that clock.
    /// - Returns: the first verdict that is not to wait, or the last one.
    func wait(
        for look: (Int64) async throws -> RevisionLook.Verdict
    ) async throws -> RevisionLook.Verdict {
        let deadline = clock.now.monotonic + seconds * 1000
        while true {
            let verdict = try await look(clock.now.monotonic)
            guard case .waiting = verdict, clock.now.monotonic < deadline else { return verdict }
            try Task.checkCancellation()
            await clock.sleep(until: clock.now.monotonic + Self.pollMilliseconds)
        }
    }
}
