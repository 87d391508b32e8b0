import Reconciler
import ResourceAPI
import ResourceGraph
import SimulationSupport
import SourceControl
import Testing

extension EverySimulation {
    @Suite("Views that are refreshed")
    struct RefreshTests {
        private static let yaml = """
            apiVersion: ingot/v1
            kind: Project
            metadata: {name: rush}
            spec: {}
            ---
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: trips}
            spec:
              source: {file: {path: trips.csv}}
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

        @Test func `the controller wants other values when the time has come, not before`()
            async throws
        {
            let world = try StoreWorld(seed: 1)
            let store = try await world.open()
            let repository = SimulatedRepository()
            let commit = try repository.commit(
                [
                    RepositoryPath("ingot.yaml"): Array(Self.yaml.utf8),
                    RepositoryPath("trips.csv"): Array("city,at\n".utf8),
                ], parents: [], author: "Ada", summary: "Rush", time: 1)
            repository.set(branch: "main", to: commit)
            let root = RepositoryPath("")
            let observer = Observer(
                repository: repository, branch: "main",
                reader: DesiredStateReader(
                    repository: repository, projectPath: root, standardLock: Array("lock".utf8)),
                sources: SourceObserver(
                    repository: repository, projectPath: root, dataDirectory: nil, store: store),
                store: store, actor: "controller", allowsPrune: false,
                clock: SimulatedLoopClock(clock: world.clock))
            let online = StepID(try #require(ResourceID("featureview/rush")), .online)
            let quarter: Int64 = 900_000
            func instant(_ desired: DesiredState?) -> String? {
                desired?.graph.steps[online]?.recipe["instant"]?.string
            }

            let first = try await observer.look()
            // The world begins at 22:13:20.
            #expect(instant(first) == "2023-11-14T22:00:00Z")
            #expect(try await observer.look() == nil)
            // To the last moment of the quarter.
            world.clock.advance(by: quarter - 1 - world.clock.wall % quarter)
            #expect(try await observer.look() == nil)
            world.clock.advance(by: 1)
            let second = try await observer.look()
            #expect(instant(second) == "2023-11-14T22:15:00Z")
            #expect(second?.revision == first?.revision)
            #expect(try await observer.look() == nil)
        }
    }
}
