import Foundation
import Testing

/// The controller and the gateway of a workshop, as real processes.
final class Services {
    private let workshop: Workshop
    private var processes: [Process] = []

    init(_ workshop: Workshop) {
        self.workshop = workshop
    }

    /// - Parameter repository: the workshop's own if nil.
    func startController(
        data: String, repository: String? = nil, environment: [String: String] = [:],
        _ more: String...
    ) throws {
        try start(
            "controller",
            [
                "run", "--repository", repository ?? workshop.bare, "--state", workshop.state,
                "--data", data,
            ] + more, environment)
    }

    /// Of what was started last.
    var processID: Int32? { processes.last?.processIdentifier }

    func startGateway() throws {
        try start(
            "gateway", ["gateway", "--state", workshop.state, "--port", "\(workshop.port)"])
    }

    private func start(
        _ name: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) throws {
        let log = workshop.folder + "/\(name).log"
        processes.append(
            try workshop.launch(
                Workshop.ingot, arguments, environment: environment, output: log + ".out",
                error: log))
    }

    /// Ends what was started, by process id, and waits for it.
    func stop() {
        for process in processes.reversed() where process.isRunning {
            process.terminate()
        }
        for process in processes { process.waitUntilExit() }
        processes = []
    }

    func log(_ name: String) -> String {
        (try? String(contentsOfFile: workshop.folder + "/\(name).log", encoding: .utf8)) ?? ""
    }
}

/// A request to the gateway, made with curl: a client that is not ours.
struct Client {
    let workshop: Workshop

    struct Answer {
        let status: Int
        let body: [String: Any]

        var version: String? { body["model_version"] as? String }

        var predictionID: String? {
            (body["parameters"] as? [String: Any])?["prediction_id"] as? String
        }
    }

    func infer(_ deployment: String, _ body: String) throws -> Answer {
        let output = try workshop.run(
            "curl",
            [
                "-s", "-m", "10", "-w", "\n%{http_code}", "-X", "POST", "-H",
                "Content-Type: application/json", "--data", body,
                "\(workshop.url)/v2/models/\(deployment)/infer",
            ])
        let parts = output.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
        let status = Int(parts.last ?? "") ?? 0
        let text = parts.dropLast().joined(separator: "\n")
        let object = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        return Answer(status: status, body: object as? [String: Any] ?? [:])
    }
}
