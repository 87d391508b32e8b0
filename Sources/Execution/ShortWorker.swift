import Foundation
package import ResourceAPI
import Subprocess
import SystemPackage

/// What a command asks of a Python process of its own.
package struct WorkerLook: Sendable {
    /// `diff` or `spine-features`.
    package let kind: String
    package let program: JSONValue
    /// As in a `StepOrder`.
    package let inputs: [String: [String: String]]
    package let resources: StepResources

    package init(
        kind: String, program: JSONValue, inputs: [String: [String: String]],
        resources: StepResources = StepResources(
            cpus: 2, memoryBytes: 4 << 30, timeoutSeconds: 1800)
    ) {
        self.kind = kind
        self.program = program
        self.inputs = inputs
        self.resources = resources
    }
}

/// Runs looks: beside the controller, without a warm parent, and without writing to the state.
///
/// The process gets a folder with `request.json` and leaves `reply.json` in it, one event of the
/// worker protocol; what it makes lies in `output`.
package struct ShortWorker: Sendable {
    private static let replyBytesMax = 1 << 20

    private let runtime: Runtime
    /// Absolute; made by `run`, removed by whoever has read what is in it.
    private let folder: String
    private let packageDirectory: String
    private let clock: any Clock<Duration>

    package var output: String { folder + "/output" }

    package init(
        runtime: Runtime, folder: String, packageDirectory: String = WorkerPackage.directory,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.runtime = runtime
        self.folder = folder
        self.packageDirectory = packageDirectory
        self.clock = clock
    }

    /// - Returns: the metadata of the result.
    /// - Throws: `ExecutionError`, or `CancellationError`.
    package func run(_ look: WorkerLook) async throws -> JSONValue {
        try prepare(look)
        let program =
            "import sys; sys.path.insert(0, sys.argv.pop(1)); "
            + "from ingot_worker.__main__ import main; sys.exit(main())"
        let command = ChildCommand(
            program: .path(FilePath(runtime.pythonPath)),
            arguments: ["-I", "-B", "-c", program, packageDirectory, "look", folder],
            environment: WorkerEnvironment.variables(workDirectory: folder),
            deadline: .seconds(look.resources.timeoutSeconds))
        let result: ChildCommand.Result
        do {
            result = try await command.run(clock: clock) { _ in }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ExecutionError.lookEnded(ending: "did not start (\(error))", output: [])
        }
        guard let line = FileManager.default.contents(atPath: folder + "/reply.json"),
            line.count <= Self.replyBytesMax,
            let message = try? WorkerMessage.parse(line.filter { $0 != UInt8(ascii: "\n") })
        else { throw ExecutionError.lookEnded(ending: result.ending, output: result.tail) }
        switch message {
        case .result(let metadata): return metadata
        case .error(let failure): throw ExecutionError.lookFailed(failure)
        default: throw ExecutionError.lookEnded(ending: result.ending, output: result.tail)
        }
    }

    private func prepare(_ look: WorkerLook) throws(ExecutionError) {
        let inputs = look.inputs.mapValues { files in
            JSONValue.object(files.mapValues { .string($0) })
        }
        let request: JSONValue = [
            "protocol": .int(WorkerRequest.protocolVersion), "run": "look",
            "kind": .string(look.kind), "program": look.program,
            "threads": .int(Int64(look.resources.cpus)),
            "memory_bytes": .int(look.resources.memoryBytes), "inputs": .object(inputs),
            "output": .string(output), "log": "",
        ]
        do {
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            try Data(request.canonicalBytes).write(
                to: URL(fileURLWithPath: folder + "/request.json"))
        } catch {
            throw .lookFolder(path: folder, problem: error.localizedDescription)
        }
    }
}
