import Foundation
import Testing

@Suite("Plan ids")
struct PlanIDTests {
    @Test("what is done for a plan carries the id that ingot plan prints")
    func id() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        func plan() throws -> String {
            let output = try workshop.ingot(
                "plan", "--repository", workshop.bare, "--output", "json")
            return try #require(try workshop.json(output)["plan"] as? String, "\(output)")
        }
        func rows(_ arguments: String...) throws -> [[String: Any]] {
            let output = try workshop.run(
                Workshop.ingot, arguments + ["--output", "json", "--state", workshop.state])
            let rows = try workshop.json(output)[arguments[0] == "get" ? "runs" : "events"]
            return try #require(rows as? [[String: Any]], "\(output)")
        }
        var ids: [String] = []
        for content in ["1", "2"] {
            let commit = try project.commit(
                [.init(name: "a", content: content), .init(name: "b", content: "", after: ["a"])],
                "Content \(content)")
            let id = try plan()
            #expect(id.count == 12)
            ids.append(id)
            #expect(try project.apply().status == 0)
            let told = try rows("events", "--revision", commit)
            for kind in ["RunStarted", "RunSucceeded", "StatusChanged", "RevisionSettled"] {
                let found = told.filter { $0["kind"] as? String == kind }
                #expect(!found.isEmpty, "\(kind)")
                #expect(found.allSatisfy { $0["plan"] as? String == id }, "\(found)")
            }
        }
        #expect(Set(ids).count == 2)
        let runs = try rows("get", "runs")
        #expect(Set(runs.compactMap { $0["plan"] as? String }) == Set(ids))
        // Now there is nothing to do for the same commit, which is another plan.
        #expect(try !ids.contains(plan()))
    }
}
