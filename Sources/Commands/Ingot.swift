package import ArgumentParser
import Execution
import Foundation
import Manifests
import Reconciler
import ResourceAPI
import Serving
import SourceControl
import StateStore

/// The command line. One file a command; this one only lists them.
package struct Ingot: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "ingot",
        abstract: "GitOps for machine learning: the state of an ML factory is what a commit says.",
        discussion: """
            A repository of YAML manifests describes datasets, feature views, training configs, \
            models with stages, and deployments. `ingot run` watches it and makes the actual state \
            match; `ingot gateway` serves.
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Starting",
                subcommands: [
                    InitCommand.self, ValidateCommand.self, ExplainCommand.self,
                    VersionCommand.self, RuntimeCommand.self,
                ]),
            CommandGroup(
                name: "Reconciling",
                subcommands: [
                    PlanCommand.self, ApplyCommand.self, RunCommand.self, GatewayCommand.self,
                    SnapshotCommand.self, WaitCommand.self,
                ]),
            CommandGroup(
                name: "Operating",
                subcommands: [
                    SuspendCommand.self, ResumeCommand.self, ApproveCommand.self,
                    RollbackCommand.self, DriftCommand.self, VerifyCommand.self, GcCommand.self,
                    RebuildCommand.self,
                ]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    StatusCommand.self, GetCommand.self, HistoryCommand.self, MetricsCommand.self,
                    RegistryCommand.self, LineageCommand.self, WhyCommand.self, LogsCommand.self,
                    EventsCommand.self,
                ]),
            CommandGroup(
                name: "Data",
                subcommands: [ProfileCommand.self, DiffCommand.self, FeaturesCommand.self]),
            CommandGroup(
                name: "Internal", subcommands: [InstanceCommand.self, FetchChildCommand.self]),
        ])

    package init() {}
}

extension Ingot {
    /// The process's whole life: parses, runs, and ends with an exit code.
    package static func start() async {
        ProcessMemory.prepare(for: CommandLine.arguments)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ExitCode {
            exit(withError: error)
        } catch let error where isOwn(error) {
            Terminal.writeError("error: \(error)\n")
            exit(withError: ExitStatus.failure)
        } catch {
            exit(withError: error)
        }
    }

    /// Errors that tell everything themselves, in contrast to those of the argument parser.
    private static func isOwn(_ error: any Error) -> Bool {
        error is CommandError || error is StateStoreError || error is ExecutionError
            || error is ReconcilerError || error is RevertProblem
            || error is SourceControlError || error is ServingError
    }
}
