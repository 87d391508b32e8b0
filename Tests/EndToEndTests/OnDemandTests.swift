import Foundation
import Testing

/// One model computes features of a trip from the request; its twin gets the same features from
/// DuckDB, as columns. They must agree on every answer.
@Suite("On-demand features, from the manifest to the answer", .serialized)
struct OnDemandTests {
    private static func config(_ name: String, features: String) -> String {
        """
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: \(name)}
        spec:
          spine: {dataset: trips, timestamp: departure, key: [id]}
          label: {name: is_late, expression: "minutes > 10"}
          task: binary-classification
          features:
            - {columns: [weekday_trips]}
        \(features)
          split: {random: {validation: 0.2, test: 0.2}}
          algorithm: {name: lightgbm, parameters: {n_estimators: 10, min_child_samples: 5}}
          evaluation: {metrics: [roc_auc]}
          seed: 3
        ---
        apiVersion: ingot/v1
        kind: Model
        metadata: {name: \(name)}
        spec: {trainingConfig: \(name), stages: [{name: live, track: latest}]}
        ---
        apiVersion: ingot/v1
        kind: Deployment
        metadata: {name: \(name)}
        spec: {model: {name: \(name), stage: live}}

        """
    }

    private static let manifests =
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: raw-trips}
        spec:
          source: {file: {path: trips.csv}}
          schema:
            - {name: id, type: integer}
            - {name: departure, type: timestamp}
            - {name: distance, type: double}
            - {name: minutes, type: integer}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: trips}
        spec:
          sql:
            inputs: [raw-trips]
            query: |
              SELECT *, id % 7 AS weekday_trips, \(weekend) AS weekend, \(speed) AS speed
              FROM "raw-trips" ORDER BY id
          schema:
            - {name: id, type: integer}
            - {name: departure, type: timestamp}
            - {name: distance, type: double}
            - {name: minutes, type: integer, knownAt: departure}
            - {name: weekday_trips, type: integer}
            - {name: weekend, type: boolean}
            - {name: speed, type: double}
        ---

        """
        + config(
            "lazy",
            features: """
                    - {onDemand: {name: is_weekend, expression: "\(weekend)"}}
                    - {onDemand: {name: pace, expression: "\(speed)"}}
                """)
        + "---\n"
        + config("eager", features: "    - {columns: [weekend, speed]}")

    private static let weekend = "isodow(departure) >= 6"
    private static let speed = "distance / nullif(hour(departure) % 5, 0)"

    private struct Trip {
        let departure: String
        let distance: Double
        let minutes: Int

        init(_ index: Int) {
            // 1 January 2013 was a Tuesday, so the 5th and the 6th were a weekend.
            let (day, hour) = (index % 28 + 1, index * 7 % 24)
            departure =
                "2013-01-\(day < 10 ? "0" : "")\(day)T\(hour < 10 ? "0" : "")\(hour):30:00Z"
            distance = Double(index * 37 % 400) / 3
            minutes = day % 7 >= 5 ? 5 + index % 9 : index * 11 % 30
        }

        var isWeekend: Bool {
            let day = Int(departure.dropFirst(8).prefix(2)) ?? 0
            return day % 7 >= 5
        }

        var speed: Double? {
            let hour = Int(departure.dropFirst(11).prefix(2)) ?? 0
            return hour % 5 == 0 ? nil : distance / Double(hour % 5)
        }
    }

    @Test("a model that computes its features answers as one that is given them")
    func twins() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let trips = (0..<600).map(Trip.init)
        let lines = trips.enumerated().map {
            "\($0.offset),\($0.element.departure),\($0.element.distance),\($0.element.minutes)"
        }
        try workshop.write(
            "id,departure,distance,minutes\n" + lines.joined(separator: "\n") + "\n",
            to: "trips.csv")
        try workshop.write(Self.manifests, to: "factory.yaml")
        let commit = try workshop.commitAndPush("Twins")
        try services.startController(data: workshop.folder)
        try services.startGateway()
        let waited = try workshop.ingot("wait", "--revision", commit, "--timeout", "5m")
        let status = try workshop.ingot("status")
        try #require(waited.status == 0, "\(waited) \(status) \(services.log("controller"))")

        let client = Client(workshop: workshop)
        let asked = Array(trips.prefix(60))
        let lazy = try client.infer("lazy", lazyBody(asked))
        let eager = try client.infer("eager", eagerBody(asked))
        let answers = try [lazy, eager].map { answer in
            let outputs = try #require(answer.body["outputs"] as? [[String: Any]], "\(answer)")
            return try #require(outputs.first?["data"] as? [Double], "\(answer)")
        }
        #expect(answers[0].count == 60)
        #expect(answers[0] == answers[1])
        #expect(Set(answers[0]).count > 5)

        let bad = try client.infer(
            "lazy", lazyBody(asked).replacing("2013-01-02T", with: "2013-01-32T"))
        #expect(bad.status == 400)
        let error = bad.body["error"] as? String
        #expect(
            error?.hasPrefix("value 1 of input 'departure' is '2013-01-32T07:30:00Z'") == true,
            "\(bad)")
    }

    @Test("a column that is known too late stops the training set, and says which row")
    func knownTooLate() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let rows = (0..<200).map {
            "\($0),2013-01-01T10:00:00Z,G\($0 % 5),2013-01-01T\($0 == 7 ? "10" : "09"):00:00Z,\($0 % 2)"
        }
        try workshop.write(
            "id,departure,gate,assigned,late\n" + rows.joined(separator: "\n") + "\n",
            to: "trips.csv")
        try workshop.write(
            """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: trips}
            spec:
              source: {file: {path: trips.csv}}
              schema:
                - {name: id, type: integer}
                - {name: departure, type: timestamp}
                - {name: gate, type: string, knownAt: assigned}
                - {name: assigned, type: timestamp}
                - {name: late, type: integer}
            ---
            apiVersion: ingot/v1
            kind: TrainingConfig
            metadata: {name: gates}
            spec:
              spine: {dataset: trips, timestamp: departure, key: [id]}
              label: {column: late}
              task: binary-classification
              features:
                - {onDemand: {name: first_gate, expression: "gate = 'G1' OR hour(departure) > 12"}}
              split: {random: {validation: 0.2, test: 0.2}}
              algorithm: {name: lightgbm}
              evaluation: {metrics: [roc_auc]}

            """, to: "factory.yaml")
        _ = try workshop.commitAndPush("A gate that is assigned at departure")
        let applied = try workshop.ingot(
            "apply", "--repository", workshop.bare, "--data", workshop.folder)
        #expect(applied.status != 0)
        let status = try workshop.ingot("status", "trainingconfig/gates").standardOutput
        #expect(
            status.contains(
                "column 'gate' of the on-demand feature 'first_gate' is known too late in 1 of 200 rows (0.5 %): where id is 7, it was known at 2013-01-01 10:00:00 by 'assigned', but the prediction is made at 2013-01-01 10:00:00 ('departure')"
            ), "\(status)")
    }

    private func input(_ name: String, _ datatype: String, _ data: [String]) -> String {
        """
        {"name":"\(name)","shape":[\(data.count)],"datatype":"\(datatype)","data":[\(data.joined(separator: ","))]}
        """
    }

    private func lazyBody(_ trips: [Trip]) -> String {
        let inputs = [
            input("weekday_trips", "FP32", trips.indices.map { "\($0 % 7)" }),
            input("departure", "BYTES", trips.map { "\"\($0.departure)\"" }),
            input("distance", "FP64", trips.map { "\($0.distance)" }),
        ]
        return "{\"inputs\":[\(inputs.joined(separator: ","))]}"
    }

    private func eagerBody(_ trips: [Trip]) -> String {
        let inputs = [
            input("weekday_trips", "FP32", trips.indices.map { "\($0 % 7)" }),
            input("weekend", "BOOL", trips.map { "\($0.isWeekend)" }),
            input("speed", "FP64", trips.map { trip in trip.speed.map { "\($0)" } ?? "null" }),
        ]
        return "{\"inputs\":[\(inputs.joined(separator: ","))]}"
    }
}
