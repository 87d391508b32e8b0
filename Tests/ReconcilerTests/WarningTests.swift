import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Warnings of expectations")
struct WarningTests {
    @Test("a dataset whose expectation of severity warning failed is ready, and says so")
    func shown() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        while let launch = factory.running.first {
            let isProfile = launch.step.id.description == "dataset/weather#profile"
            try factory.finish(launch, warnings: isProfile ? ["rowCount failed", "another"] : [])
        }
        let text = "up to date; warning: rowCount failed (and 1 more)"
        let status = try factory.status("dataset/weather")
        #expect(status.message == text)
        #expect((status.sync, status.health) == (.synced, .healthy))
        #expect(try factory.status("dataset/flights").message == "up to date")

        var next = factory.restarted()
        try next.push(FlightsProject(), commit: 2)
        #expect(try next.status("dataset/weather").message == text)
    }
}
