import Foundation
import ResourceAPI
import Testing

@testable import Execution

/// The executor with the worker that Ingot ships. What each kind of step computes is tested beside
/// the worker; here only that the two sides speak the same protocol.
@Suite("With the real worker")
struct RealWorkerTests {
    private static let schema: JSONValue = [
        ["name": "origin", "type": "string", "nullable": false],
        ["name": "temp", "type": "double", "nullable": true],
    ]

    private func snapshot(_ bench: Bench, csv: String, run: String) throws -> StepOrder {
        let path = bench.root + "/weather.csv"
        try Data(csv.utf8).write(to: URL(fileURLWithPath: path))
        return StepOrder(
            runID: run, step: try #require(StepID("dataset/weather#snapshot")),
            program: [
                "format": "csv", "nullValues": ["NA"], "path": "data/weather.csv",
                "schema": Self.schema,
            ],
            seed: 0,
            resources: StepResources(cpus: 1, memoryBytes: 1 << 30, timeoutSeconds: 60),
            inputs: ["source": ["file": path]],
            outputDirectory: "\(bench.root)/work/\(run)/output",
            logPath: "\(bench.root)/logs/\(run).log")
    }

    @Test("a snapshot gives the same bytes twice")
    func snapshot() async throws {
        try await Bench.with(package: WorkerPackage.directory) { bench in
            var files: [Data] = []
            for run in ["a", "b"] {
                let order = try snapshot(bench, csv: "origin,temp\nJFK,39.5\nEWR,NA\n", run: run)
                let outcome = await bench.executor.run(order) { _ in }
                guard case .succeeded(let metadata) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(metadata["rows"] == 2)
                let names = try FileManager.default.contentsOfDirectory(
                    atPath: order.outputDirectory)
                #expect(names == ["data.parquet"])
                files.append(
                    try Data(
                        contentsOf: URL(
                            fileURLWithPath: order.outputDirectory + "/data.parquet")))
            }
            #expect(files.first == files.last)
        }
    }

    @Test("bad data is a failure of class data with a message and a hint")
    func missingColumn() async throws {
        try await Bench.with(package: WorkerPackage.directory) { bench in
            let order = try snapshot(bench, csv: "origin\nJFK\n", run: "a")
            let outcome = await bench.executor.run(order) { _ in }
            guard case .failed(let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.class == .data)
            #expect(failure.isDeterministic)
            #expect(failure.message.contains("data/weather.csv"))
            #expect(failure.message.contains("temp"))
        }
    }

    @Test("a cancelled step leaves nothing running")
    func cancelled() async throws {
        try await Bench.with(package: WorkerPackage.directory) { bench in
            try await bench.parent.start()
            let recorder = EventRecorder()
            let rows = String(repeating: "JFK,39.5\n", count: 2_000_000)
            let order = try snapshot(bench, csv: "origin,temp\n" + rows, run: "a")
            let task = Task { await bench.executor.run(order) { recorder.record($0) } }
            while recorder.events.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            task.cancel()
            #expect(await task.value == .cancelled)
            guard case .started(let worker)? = recorder.events.first else {
                Issue.record("\(recorder.events)")
                return
            }
            #expect(!isAlive(worker))
        }
    }
}
