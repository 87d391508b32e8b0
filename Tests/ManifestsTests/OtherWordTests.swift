import ResourceAPI
import Testing

@testable import Manifests

@Suite("Words of other tools")
struct OtherWordTests {
    @Test("are told in Ingot's, and a column of a wrong type is not missing too")
    func hints() {
        let text = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: trips}
                spec:
                  source: {file: {path: trips.csv}}
                  schema: [{name: at, type: datetime}]
                  timestamp: at
                ---
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: trips}
                spec:
                  source: {dataset: trips}
                  entity: [user]
                  timestamp: at
                  features: [{column: fare, aggregate: AVG, windows: [1h]}]
                """)
        #expect(
            text == """
                m.yaml:6:29: error: 'type' must be string, integer, double, boolean, timestamp or date, but is 'datetime'
                      schema: [{name: at, type: datetime}]
                                                ^
                hint: did you mean 'timestamp'?

                m.yaml:16:40: error: 'aggregate' must be count, sum, mean, min, max, count_distinct, approx_count_distinct, stddev, variance, first, last, last_n, approx_percentile or mode, but is 'AVG'
                      features: [{column: fare, aggregate: AVG, windows: [1h]}]
                                                           ^
                hint: did you mean 'mean'?
                """)
    }
}
