import Foundation
import Inference
import TestSupport
import Testing

/// INGOT_MEASURE=1 swift test --filter OnlineMeasurements
@Suite(
    "Measurements of online features", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["INGOT_MEASURE"] != nil))
struct OnlineMeasurements {
    @Test("a look-up of 10 features of one entity among 100,000")
    func lookUp() throws {
        let path = NSTemporaryDirectory() + "ingot-measure-\(UUID().uuidString).sqlite"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let count = 100_000
        let names = (0..<10).map { "v__f\($0)" }
        try OnlineFixture.write(
            OnlineFixture.head(
                view: "v", asOf: 0, entities: count, keys: [("user", "string")],
                outputs: names.map { "'\($0)', 'float', 10800, 0, NULL" })
                    + """
                    CREATE TABLE features (user TEXT NOT NULL, __event INTEGER, \(names.joined(separator: ", ")),
                        PRIMARY KEY (user)) WITHOUT ROWID;
                    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(count - 1))
                    INSERT INTO features SELECT printf('user-%08d', i), 0,
                        \((0..<10).map { "i * 0.5 + \($0)" }.joined(separator: ", ")) FROM n;
                    """, to: path)
        let file = try OnlineFile(path: path)
        let keys = (0..<100_000).map { _ in
            EntityValue.text("user-" + String(100_000_000 + Int.random(in: 0..<count)).dropFirst())
        }
        var seconds: [Double] = []
        for _ in 0..<3 {
            let start = ContinuousClock.now
            for key in keys {
                let vector = try file.vector(of: [key], at: 1)
                if vector.statuses[9] != .present { Issue.record("not found") }
            }
            let took = ContinuousClock.now - start
            seconds.append(
                Double(took.components.attoseconds) / 1e18 + Double(took.components.seconds))
        }
        let best = (seconds.min() ?? 0) / Double(keys.count) * 1e6
        print("look-up of 10 features of one entity: \(best) µs")
    }
}
