import ArgumentParser
import Foundation
import Logging
import Serving

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Serve the deployments on one HTTP port (Open Inference Protocol v2).",
        discussion: """
            Starts an instance for each replica that the controller asks for, switches to new \
            versions without a failed request, and goes on serving while the controller is down.
            """)

    @OptionGroup var state: StateOptions

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on.")
    var port = 8080

    func run() async throws {
        var logger = Logger(label: "ingot.gateway", factory: LineLogHandler.init)
        logger.logLevel = .info
        try FileManager.default.createDirectory(
            atPath: state.directory + "/run", withIntermediateDirectories: true)
        try await Gateway.run(
            configuration: GatewayConfiguration(
                statePath: state.directory, host: host, port: port,
                executablePath: Executable.path), logger: logger)
    }
}

struct InstanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instance", abstract: "Serve one model version on a Unix socket.",
        shouldDisplay: false)

    @Option(help: "The instance's configuration, written by the gateway.")
    var config: String

    func run() async throws {
        try await ServingInstance.run(configuration: InstanceConfiguration.read(path: config))
    }
}

/// Where this very program lies, to start it again as a child.
enum Executable {
    static var path: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
    }

    /// Changes whenever the program does: another one may compile the same manifests otherwise.
    static var identity: String {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let size = attributes?[.size] as? UInt64 ?? 0
        let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return "\(size) \(time)"
    }
}
