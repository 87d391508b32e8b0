import Foundation
import Testing

/// A version is served with the runtime that it was trained with, also when the project has another.
@Suite("Changes of the lock file", .serialized)
struct LockChangeTests {
    private func project(lock: String) -> String {
        """
        apiVersion: ingot/v1
        kind: Project
        metadata: {name: houses}
        spec:
          dataRoots: [data]
          runtime: {requirements: \(lock)}

        """
    }

    /// Model and library of the only deployment.
    private func served(_ workshop: Workshop) throws -> (version: Int?, library: String?) {
        let data = try Data(contentsOf: URL(fileURLWithPath: workshop.state + "/run/serving.json"))
        let plan = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let deployments = try #require(plan["deployments"] as? [[String: Any]])
        let first = deployments.first
        return (first?["version"] as? Int, first?["runtimeLibrary"] as? String)
    }

    private func apply(_ workshop: Workshop) throws -> Workshop.Output {
        try workshop.ingot("apply", "--repository", workshop.bare)
    }

    @Test("leave what is served as it was, in this process and in the next ones")
    func change() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        #expect(try workshop.run(Workshop.ingot, ["init", workshop.clone]).status == 0)
        let houses = try String(contentsOfFile: workshop.clone + "/houses.yaml", encoding: .utf8)
        try workshop.write("# The first lock file\n", to: "one.lock")
        try workshop.write(project(lock: "one.lock"), to: "ingot.yaml")
        _ = try workshop.commitAndPush("Start")
        let first = try apply(workshop)
        try #require(first.status == 0, "\(first)")
        let before = try served(workshop)
        #expect(before.version == 1)

        // Production stays with the version of the old lock file.
        try workshop.write("# The second lock file\n", to: "two.lock")
        try workshop.git("rm", "-q", "one.lock")
        try workshop.write(project(lock: "two.lock"), to: "ingot.yaml")
        try workshop.write(
            houses.replacingOccurrences(
                of: "{name: production, track: staging}", with: "{name: production, version: 1}"),
            to: "houses.yaml")
        _ = try workshop.commitAndPush("Change the lock file")
        let second = try apply(workshop)
        #expect(second.status == 0, "\(second)")
        #expect(try served(workshop) == before)

        // Nothing that is told anew needs to know the old one, and if it does, git has it.
        try FileManager.default.removeItem(atPath: workshop.state + "/run/serving.json")
        let third = try apply(workshop)
        #expect(third.status == 0, "\(third)")
        #expect(try served(workshop) == before)
    }

    @Test("that nobody has any more are the trouble of one deployment, with a hint")
    func lost() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        #expect(try workshop.run(Workshop.ingot, ["init", workshop.clone]).status == 0)
        _ = try workshop.commitAndPush("Start")
        let first = try apply(workshop)
        try #require(first.status == 0, "\(first)")
        // As if another release of Ingot, with another lock file, had trained it.
        let script = """
            import sqlite3, sys
            connection = sqlite3.connect(sys.argv[1])
            runtime = bytes.fromhex(sys.argv[2])
            connection.execute("UPDATE runs SET runtime = ? WHERE kind = 'train'", [runtime])
            connection.commit()
            """
        let hex = String(repeating: "ab", count: 32)
        let digest = "sha256:" + hex
        let changed = try workshop.run(
            "python3", ["-c", script, workshop.state + "/state.sqlite", hex])
        try #require(changed.status == 0, "\(changed)")
        try FileManager.default.removeItem(atPath: workshop.state + "/run/serving.json")
        let second = try apply(workshop)
        #expect(second.status == 1)
        #expect(
            second.standardError.contains(
                """
                deployment/price: the Python runtime of the lock file \(digest) is not on this \
                machine, and the lock file is not in the commit
                hint: if the lock file was the one that another release of Ingot ships, run \
                `ingot runtime` of that release on this machine; else have the model trained anew
                """), "\(second)")
        let status = try workshop.ingot("status", "deployment/price").standardOutput
        #expect(status.contains("the Python runtime of the lock file"), "\(status)")
        #expect(try workshop.ingot("status", "model/price").standardOutput.contains("Healthy"))
    }
}
