import Manifests
import ResourceAPI
import Testing

@Suite("How long reading takes")
struct TimingTests {
    /// Printed, not asserted: a machine that is busy must not fail a test. The goal is well under
    /// 0.6 s in release mode.
    @Test("10,000 small manifests are read")
    func tenThousand() {
        let files = (0..<10_000).map { index in
            ManifestFile(
                path: RepositoryPath("m/\(index).yaml"),
                bytes: Array(
                    """
                    apiVersion: ingot/v1
                    kind: FeatureView
                    metadata: {name: view-\(index), labels: {team: flights}}
                    spec:
                      source: {dataset: weather}
                      entity: [origin]
                      timestamp: time_hour
                      ttl: 3h
                      features:
                        - {column: temp}
                        - {name: late, column: late, aggregate: mean, windows: [6h, 24h]}

                    """.utf8))
        }
        let clock = ContinuousClock()
        var resources = 0
        let whole = clock.measure { resources = ManifestParser.parse(files).resources.count }
        #expect(resources == 10_000)
        print("10,000 manifests, \(files.reduce(0) { $0 + $1.bytes.count }) bytes: \(whole)")
    }
}
