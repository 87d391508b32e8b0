import Subprocess
import Synchronization

/// What a Python interpreter says about itself and its packages.
struct RuntimeInspection: Sendable {
    /// `3.11.2`
    let version: String
    /// Version by distribution name.
    let packages: [String: String]

    private static let deadline = Duration.seconds(60)
    /// A line for each fact, since a line that is too long would be cut.
    private static let program = """
        import importlib.metadata, sys
        print("python %d.%d.%d" % sys.version_info[:3])
        for d in importlib.metadata.distributions(): print("package", d.metadata["Name"], d.version)
        """

    /// Python 3.11 or newer.
    var isUsable: Bool {
        let parts = version.split(separator: ".").compactMap { Int($0) }
        return parts.count >= 2 && (parts[0], parts[1]) >= (3, 11)
    }

    /// - Throws: `SubprocessError` if it cannot be started, `ExecutionError.pythonUnusable` if it
    ///   fails or its answer makes no sense.
    static func inspect(
        _ python: Executable, path: String, environment: [String: String],
        clock: any Clock<Duration>
    ) async throws -> RuntimeInspection {
        let answer = Mutex<(version: String?, packages: [String: String])>((nil, [:]))
        let command = ChildCommand(
            program: python, arguments: ["-I", "-c", program], environment: environment,
            deadline: deadline)
        let result = try await command.run(clock: clock) { line in
            let words = line.split(separator: " ").map(String.init)
            answer.withLock { answer in
                if words.count == 2, words[0] == "python" { answer.version = words[1] }
                if words.count == 3, words[0] == "package" { answer.packages[words[1]] = words[2] }
            }
        }
        let (version, packages) = answer.withLock { $0 }
        guard result.isSuccess, let version else {
            let output = result.tail.last.map { ": " + $0 } ?? ""
            throw ExecutionError.pythonUnusable(path: path, problem: "it \(result.ending)\(output)")
        }
        return RuntimeInspection(version: version, packages: packages)
    }
}
