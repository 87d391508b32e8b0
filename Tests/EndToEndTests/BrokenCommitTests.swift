import Foundation
import Testing

/// A broken commit leaves what is running as it was, and says so.
@Suite("Broken commits", .serialized)
struct BrokenCommitTests {
    private static let request = """
        {"inputs": [
          {"name": "area", "shape": [1], "datatype": "FP32", "data": [80]},
          {"name": "rooms", "shape": [1], "datatype": "INT64", "data": [3]},
          {"name": "district", "shape": [1], "datatype": "BYTES", "data": ["north"]}
        ]}
        """

    @Test(
        "tabs, a failing expectation, a missing file and a deleted branch change nothing that runs")
    func brokenCommits() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        #expect(try workshop.run(Workshop.ingot, ["init", workshop.clone]).status == 0)
        try services.startController(data: workshop.folder)
        try services.startGateway()
        let good = try workshop.commitAndPush("Start")
        let ready = try workshop.ingot("wait", "--revision", good, "--timeout", "3m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        let manifest = try String(
            contentsOfFile: workshop.clone + "/houses.yaml", encoding: .utf8)

        try workshop.write(
            manifest.replacingOccurrences(of: "  source: {file", with: "\tsource: {file"),
            to: "houses.yaml")
        try expectStalled(
            workshop, "Break the manifest with a tab", status: 2,
            showing: "houses.yaml:6:1: error: a tab is not allowed in indentation")

        try workshop.write(
            manifest.replacingOccurrences(of: "min: 10, max: 1000", with: "min: 10, max: 50"),
            to: "houses.yaml")
        try expectStalled(workshop, "Expect too much", status: 2, showing: "ExpectationFailed")

        try workshop.write(
            manifest.replacingOccurrences(of: "data/houses.csv", with: "data/huts.csv"),
            to: "houses.yaml")
        try expectStalled(
            workshop, "Name a file that is not there", status: 2,
            showing: "data/huts.csv is neither in the commit nor in")

        try workshop.git("update-ref", "-d", "refs/heads/main", in: workshop.bare)
        try expectStatus(workshop, toShow: "there is no branch 'main'", otherwise: "no commits yet")
        try expectServing(workshop)

        try workshop.write(manifest, to: "houses.yaml")
        let mended = try workshop.commitAndPush("Mend it")
        let again = try workshop.ingot("wait", "--revision", mended, "--timeout", "3m")
        #expect(again.status == 0, "\(again)")
        try expectServing(workshop)
    }

    private func expectStalled(
        _ workshop: Workshop, _ message: String, status: Int32, showing text: String
    ) throws {
        let commit = try workshop.commitAndPush(message)
        let output = try workshop.ingot("wait", "--revision", commit, "--timeout", "2m")
        #expect(output.status == status, "\(message): \(output)")
        let shown = try workshop.ingot("status", "-o", "json").standardOutput
        #expect(
            shown.replacingOccurrences(of: "\\\"", with: "\"").contains(text),
            "\(message): \(shown)")
        try expectServing(workshop)
    }

    private func expectStatus(
        _ workshop: Workshop, toShow text: String, otherwise other: String
    ) throws {
        var last = ""
        for _ in 0..<200 {
            last = try workshop.ingot("status").standardOutput
            if last.contains(text) || last.contains(other) { return }
            usleep(50_000)
        }
        Issue.record("'\(text)' is not shown in \(last)")
    }

    private func expectServing(_ workshop: Workshop) throws {
        let answer = try Client(workshop: workshop).infer("price", BrokenCommitTests.request)
        #expect(answer.status == 200 && answer.version == "1", "\(answer)")
    }
}
