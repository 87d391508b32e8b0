import Planning
import ResourceAPI
import Testing

@testable import Execution

@Suite("Secrets")
struct SecretsTests {
    private func order(_ secrets: StepSecrets) throws -> StepOrder {
        StepOrder(
            runID: "r", step: try #require(StepID("dataset/a#snapshot")), program: [:], seed: 0,
            resources: .standard, inputs: [:], outputDirectory: "/o", logPath: "/l",
            secrets: secrets)
    }

    @Test("go to the worker in the request, and show in nothing that is printed")
    func hidden() throws {
        let order = try order(StepSecrets(["password": "hunter2"]))
        let line = String(
            decoding: WorkerRequest.line(for: order, fileBytes: 1), as: UTF8.self)
        #expect(line.contains(#""secrets":{"password":"hunter2"}"#))
        var dumped = ""
        dump(order, to: &dumped)
        for text in ["\(order)", String(reflecting: order), "\(order.secrets)", dumped] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
    }

    @Test("a request of a step without secrets is as it was before there were any")
    func none() throws {
        let line = String(
            decoding: WorkerRequest.line(for: try order(.none), fileBytes: 1), as: UTF8.self)
        #expect(!line.contains("secrets"))
    }
}
