import Manifests
import ResourceAPI
import Testing

@testable import Reconciler

@Suite("Fields that ingot.lock says, and no manifest")
struct LockAttributionTests {
    @Test("the pin, the columns of a source and the time of its reading")
    func fields() throws {
        let yaml = """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: trips}
            spec:
              source: {http: {url: "https://a.example/trips.csv"}}
              schema: [{name: at, type: timestamp}]
              expectations:
                - {schemaDrift: [extraColumns]}
                - {freshness: {column: at, maxAge: 7d, asOf: observed}}
                - {freshness: {column: at, maxAge: 7d, asOf: "2026-11-28"}}
            """
        let file = ManifestFile(path: RepositoryPath("a.yaml"), bytes: Array(yaml.utf8))
        let trips = try #require(ManifestParser.parse([file]).resources.first)
        func isOfLock(_ field: String) -> Bool {
            HistoryAttribution.isOfLock(FieldPath(field), of: trips)
        }
        #expect(isOfLock("spec.pinned"))
        #expect(isOfLock("spec.expectations[0].source"))
        #expect(isOfLock("spec.expectations[0].source[2].type"))
        #expect(isOfLock("spec.expectations[1].asOf"))
        #expect(!isOfLock("spec.expectations[2].asOf"))
        #expect(!isOfLock("spec.expectations[1].maxAge"))
        #expect(!isOfLock("spec.expectations[7].source"))
        #expect(!isOfLock("spec.expectations"))
        #expect(!isOfLock("spec.schema[0].type"))
    }
}
