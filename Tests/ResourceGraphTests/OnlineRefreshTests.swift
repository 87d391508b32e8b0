import Manifests
import ResourceAPI
import ResourceGraph
import Testing

@Suite("Refresh of online features")
struct OnlineRefreshTests {
    private let yaml = """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: trips}
        spec:
          source: {file: {path: data/trips.csv}}
          schema: [{name: city, type: string}, {name: at, type: timestamp}]
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: rush}
        spec:
          source: {dataset: trips}
          entity: [city]
          timestamp: at
          features: [{name: trips, aggregate: count, windows: [1h]}]
          online: true
          refresh: 15m
        """

    private func graph() -> ResourceGraph {
        let file = ManifestFile(path: RepositoryPath("a.yaml"), bytes: Array(yaml.utf8))
        let parsed = ManifestParser.parse([file])
        #expect(parsed.diagnostics.map(\.description) == [])
        return GraphCompiler.compile(resources: parsed.resources)
    }

    @Test("the time changes the online step and nothing else, at whole multiples of the interval")
    func instants() throws {
        let graph = graph()
        let online = StepID(try #require(ResourceID("featureview/rush")), .online)
        let refresh = OnlineRefresh(graph)
        let (quarter, hour) = (Int64(900), "1970-01-01T01:00:00Z")
        #expect(refresh.instants(at: 4 * quarter * 1000) == [online: hour])
        #expect(refresh.instants(at: 5 * quarter * 1000 - 1) == [online: hour])
        // 29 February 2024, 23:45, to the end of the quarter, and 1 March 2100, a common year.
        #expect(refresh.instants(at: 1_709_251_199_999) == [online: "2024-02-29T23:45:00Z"])
        #expect(refresh.instants(at: 4_107_542_400_000) == [online: "2100-03-01T00:00:00Z"])
        let refreshed = graph.refreshed([online: hour])
        #expect(refreshed.order == graph.order)
        let changed = graph.order.filter { graph.steps[$0] != refreshed.steps[$0] }
        #expect(changed == [online])
        let step = try #require(refreshed.steps[online])
        #expect(step.recipe["instant"] == .string(hour))
        let sql = refreshed.program(of: step)["sql"]?["statements"]?.array?.first?.string ?? ""
        #expect(sql.contains("TIMESTAMP '1970-01-01T01:00:00Z'"))
    }

    @Test("who only plans takes the instant that was made last")
    func recorded() throws {
        let graph = graph()
        let online = StepID(try #require(ResourceID("featureview/rush")), .online)
        let refresh = OnlineRefresh(graph)
        #expect(refresh.instants { _ in nil }.isEmpty)
        #expect(refresh.instants { _ in ["instant": "x"] } == [online: "x"])
        #expect(graph.refreshed([:]).steps == graph.steps)
    }
}
