import Foundation
import Testing

/// The story of the README on a sample of the same data: real git pushes, the real controller, the
/// real gateway, real HTTP.
@Suite("The main job", .serialized)
struct StoryTests {
    private static let request = """
        {"inputs": [
          {"name": "carrier",  "shape": [1], "datatype": "BYTES", "data": ["B6"]},
          {"name": "origin",   "shape": [1], "datatype": "BYTES", "data": ["JFK"]},
          {"name": "dest",     "shape": [1], "datatype": "BYTES", "data": ["FLL"]},
          {"name": "distance", "shape": [1], "datatype": "FP32",  "data": [1069]},
          {"name": "hour",     "shape": [1], "datatype": "FP32",  "data": [18]},
          {"name": "weekday",  "shape": [1], "datatype": "FP32",  "data": [5]}
        ]}
        """

    @Test("a commit becomes a served model, a revert brings the old one back")
    func story() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let data = Workshop.fixtures + "/flights"
        let client = Client(workshop: workshop)

        // 1. The first commit becomes version 1, served.
        try copyFirstState(to: workshop)
        try services.startController(data: data)
        try services.startGateway()
        let first = try workshop.commitAndPush("Predict late arrivals from the schedule")
        try wait(workshop, services, for: first)
        let answer = try client.infer("arrival-delay", StoryTests.request)
        #expect(answer.status == 200)
        #expect(answer.version == "1")
        let parameters = try #require(answer.body["parameters"] as? [String: Any])
        #expect(parameters["commit"] as? String == first)
        let prediction = try #require(answer.predictionID)

        // 2. A branch is planned, merged, trained, and serving moves without a failed request.
        try workshop.git("checkout", "-q", "-b", "add-delays")
        try workshop.author("Grace Weather", "grace@example.com")
        try copyFinalState(to: workshop)
        try workshop.git("add", "-A")
        try workshop.git("commit", "-q", "-m", "Add weather and recent delays as features")
        try workshop.git("push", "-q", "origin", "add-delays")
        try checkPlan(workshop, data: data)
        let load = try Load(workshop, body: StoryTests.request)
        try workshop.git("checkout", "-q", "main")
        try workshop.git("merge", "-q", "--no-ff", "-m", "Merge add-delays", "add-delays")
        try workshop.git("push", "-q", "origin", "main")
        let second = try workshop.git("rev-parse", "HEAD")
        try wait(workshop, services, for: second)
        try checkMetrics(workshop)

        // 3. The revert serves version 1 again and runs nothing.
        let runsBefore = try runCount(workshop)
        try workshop.git("revert", "--no-edit", "-m", "1", "HEAD")
        let pushed = ContinuousClock.now
        try workshop.git("push", "-q", "origin", "main")
        var back: Duration?
        for _ in 0..<1000 where back == nil {
            if try client.infer("arrival-delay", StoryTests.request).version == "1" {
                back = ContinuousClock.now - pushed
            }
        }
        print("from push to the first answer by the reverted version: \(try #require(back))")
        let third = try workshop.git("rev-parse", "HEAD")
        try wait(workshop, services, for: third)
        #expect(try runCount(workshop) == runsBefore)
        let report = try load.stop()
        #expect(report["failed"] as? Int == 0, "\(report)")
        #expect(Set((report["versions"] as? [String: Int] ?? [:]).keys) == ["1", "2"])

        // 4. Lineage and why.
        try checkLineage(workshop, prediction: prediction, commit: first)
        try checkWhy(workshop)
    }

    private func copyFirstState(to workshop: Workshop) throws {
        try copyFinalState(to: workshop)
        try FileManager.default.removeItem(atPath: workshop.clone + "/feature-views.yaml")
        try workshop.copy(folder: Workshop.fixtures + "/flights-first", suffix: ".yaml")
    }

    private func copyFinalState(to workshop: Workshop) throws {
        try workshop.copy(folder: Workshop.root + "/manifests", suffix: ".yaml")
    }

    private func wait(_ workshop: Workshop, _ services: Services, for commit: String) throws {
        let output = try workshop.ingot("wait", "--revision", commit, "--timeout", "10m")
        try #require(
            output.status == 0,
            "\(output)\ncontroller: \(services.log("controller"))\ngateway: \(services.log("gateway"))"
        )
    }

    private func checkPlan(_ workshop: Workshop, data: String) throws {
        let output = try workshop.ingot(
            "plan", "--repository", workshop.bare, "--data", data, "--base", "main", "--head",
            "add-delays", "-o", "json")
        let plan = try workshop.json(output)
        let steps = try #require(plan["steps"] as? [[String: Any]])
        let actions = Dictionary(
            steps.map { ($0["step"] as? String ?? "", $0["action"] as? String ?? "") },
            uniquingKeysWith: { a, _ in a })
        #expect(actions["dataset/flights#snapshot"] == "cached")
        #expect(actions["featureview/weather#features"] == "run")
        #expect(actions["trainingconfig/arrival-delay#train"] == "run")
        #expect(actions["trainingconfig/arrival-delay#evaluate"] == "may run")
        let training = steps.first {
            $0["step"] as? String == "trainingconfig/arrival-delay#training-set"
        }
        #expect(training?["action"] as? String == "run")
        let reasons = training?["reasons"] as? [[String: Any]] ?? []
        #expect(
            reasons.contains {
                ($0["field"] as? String)?.hasPrefix("spec.features") == true
                    && (($0["change"] as? [String: Any])?["author"] as? String) == "Grace Weather"
            })
    }

    private func checkMetrics(_ workshop: Workshop) throws {
        let metrics = try workshop.json(
            workshop.ingot("metrics", "model/arrival-delay", "-o", "json"))
        let versions = try #require(metrics["versions"] as? [[String: Any]])
        func auc(_ index: Int) throws -> Double {
            let test = (versions[index]["metrics"] as? [String: Any])?["test"] as? [String: Any]
            return try #require(test?["roc_auc"] as? Double)
        }
        try #require(versions.count == 2)
        print("test AUC: version 1 \(try auc(0)), version 2 \(try auc(1))")
        #expect(try auc(1) > auc(0) + 0.03)
    }

    private func runCount(_ workshop: Workshop) throws -> Int {
        let runs = try workshop.json(workshop.ingot("get", "runs", "-o", "json"))
        return try #require(runs["runs"] as? [Any]).count
    }

    private func checkLineage(_ workshop: Workshop, prediction: String, commit: String) throws {
        let output = try workshop.ingot("lineage", prediction)
        #expect(output.status == 0, "\(output)")
        let text = output.standardOutput
        for part in [
            "arrival-delay", "version 1", String(commit.prefix(7)), "Ada Flight", "sha256:",
            "trainingconfig/arrival-delay#train", "dataset/flights#snapshot",
        ] {
            #expect(text.contains(part), "\(part) is missing in \(text)")
        }
    }

    private func checkWhy(_ workshop: Workshop) throws {
        let output = try workshop.ingot("why", "trainingconfig/arrival-delay")
        #expect(output.status == 0, "\(output)")
        for part in ["spec.features", "Grace Weather", "Add weather and recent delays"] {
            #expect(output.standardOutput.contains(part), "\(output)")
        }
    }
}

/// Constant load in a process of its own.
private struct Load {
    private let process: Process
    private let input = Pipe()
    private let output: String

    init(_ workshop: Workshop, body: String) throws {
        let bodyPath = workshop.folder + "/load-body.json"
        try body.write(toFile: bodyPath, atomically: true, encoding: .utf8)
        output = workshop.folder + "/load.out"
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", Workshop.root + "/examples/demo/load.py", "127.0.0.1", "\(workshop.port)",
            "/v2/models/arrival-delay/infer", bodyPath,
        ]
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try process.run()
    }

    func stop() throws -> [String: Any] {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        let data = try Data(contentsOf: URL(fileURLWithPath: output))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}
