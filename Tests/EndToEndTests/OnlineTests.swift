import Foundation
import Testing

/// A model that is asked with keys alone: real data files, the real worker, controller and gateway.
@Suite("Online features", .serialized)
struct OnlineTests {
    private static let manifests = """
        apiVersion: ingot/v1
        kind: Project
        metadata: {name: shop}
        spec: {dataRoots: [data]}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: orders}
        spec:
          source: {file: {path: data/orders.csv}}
          schema:
            - {name: id, type: integer, nullable: false}
            - {name: at, type: timestamp, nullable: false}
            - {name: shop, type: string, nullable: false}
            - {name: amount, type: double}
            - {name: minutes, type: double}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: reports}
        spec:
          source: {file: {path: data/reports.csv}}
          schema:
            - {name: shop, type: string, nullable: false}
            - {name: at, type: timestamp, nullable: false}
            - {name: queue, type: double}
            - {name: mood, type: string}
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: shops}
        spec:
          source: {dataset: reports}
          entity: [shop]
          timestamp: at
          ttl: 2d
          features:
            - {column: queue}
            - {column: mood}
            - {name: reports, aggregate: count, windows: [3d]}
            - {name: longest, column: queue, aggregate: max, windows: [3d]}
          online: true
        ---
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: minutes}
        spec:
          spine: {dataset: orders, timestamp: at, key: [id]}
          label: {column: minutes}
          task: regression
          features:
            - {columns: [amount]}
            - {view: shops}
          split: {random: {validation: 0.2, test: 0.2}}
          preprocessing:
            numeric: {impute: median, scale: standard}
            categorical: {impute: missing, encode: one-hot}
          algorithm: {name: ridge, parameters: {alpha: 1.0}}
          evaluation:
            metrics: [rmse]
            gates: [{metric: rmse, max: 1000}]
          seed: 3
        ---
        apiVersion: ingot/v1
        kind: Model
        metadata: {name: minutes}
        spec:
          trainingConfig: minutes
          stages: [{name: production, track: latest}]
        ---
        apiVersion: ingot/v1
        kind: Deployment
        metadata: {name: minutes}
        spec: {model: {name: minutes, stage: production}}
        """

    private static let time = #"{"timestamp": "2024-02-10T12:00:00Z"}"#

    /// Orders in January, reports of three shops up to the evening of 9 February.
    private func write(_ workshop: Workshop, lastQueue: String) throws {
        var orders = "id,at,shop,amount,minutes\n"
        var reports = "shop,at,queue,mood\n"
        for day in 1...30 {
            let date = "2024-01-\(day < 10 ? "0" : "")\(day)"
            for (index, shop) in ["north", "south", "west"].enumerated() {
                reports +=
                    "\(shop),\(date)T06:00:00,\((day * 7 + index * 3) % 11),\(day % 2 == 0 ? "calm" : "busy")\n"
                for hour in 10...12 {
                    let minutes = Double((day * 7 + index * 3) % 11) * 2 + Double(hour)
                    orders +=
                        "\(day * 100 + index * 10 + hour - 10),\(date)T\(hour):00:00,\(shop),\(hour),\(minutes)\n"
                }
            }
        }
        reports += "north,2024-02-09T18:00:00,\(lastQueue),busy\nsouth,2024-02-01T06:00:00,2,calm\n"
        let data = workshop.clone + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        for (name, text) in [
            ("data/orders.csv", orders), ("data/reports.csv", reports),
            ("ingot.yaml", Self.manifests),
        ] {
            try text.write(toFile: "\(workshop.clone)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    @Test(
        "keys are answered as values are, new data change the answers, and a revert brings them back"
    )
    func story() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        try write(workshop, lastQueue: "5")
        let first = try workshop.commitAndPush("Predict how long orders take")
        try services.startController(data: workshop.clone)
        try services.startGateway()
        try wait(workshop, services, for: first)

        // 1. The prediction from keys is that from the values.
        let client = Client(workshop: workshop)
        let amount = #"{"name": "amount", "shape": [3], "datatype": "FP32", "data": [10, 11, 12]}"#
        func infer(_ inputs: String) throws -> [Double] {
            let answer = try client.infer(
                "minutes", "{\"parameters\": \(Self.time), \"inputs\": [\(amount), \(inputs)]}")
            #expect(answer.status == 200, "\(answer.body)")
            let outputs = answer.body["outputs"] as? [[String: Any]]
            return try #require(outputs?.first?["data"] as? [Double])
        }
        let keyed = try infer(
            #"{"name": "shop", "shape": [3], "datatype": "BYTES", "data": ["north", "south", "nowhere"]}"#
        )
        let explicit = try infer(
            """
            {"name": "shops__queue", "shape": [3], "datatype": "FP32", "data": [5, null, null]},
            {"name": "shops__mood", "shape": [3], "datatype": "BYTES", "data": ["busy", null, null]},
            {"name": "shops__reports_3d", "shape": [3], "datatype": "FP32", "data": [1, 0, 0]},
            {"name": "shops__longest_3d", "shape": [3], "datatype": "FP32", "data": [5, null, null]}
            """)
        #expect(keyed == explicit && keyed[0] != keyed[1])

        // 2. Feast's form of the same, and the condition.
        #expect(try queue(workshop) == "5.0 PRESENT")
        let conditions = try conditions(workshop)
        #expect(conditions["Ready"] == "Succeeded")
        #expect(conditions["FeaturesConsistent"] == "SampleEqual")

        // 3. New data: the same version, other answers.
        try write(workshop, lastQueue: "9")
        let second = try workshop.commitAndPush("Add the evening's report")
        try wait(workshop, services, for: second)
        #expect(try queue(workshop) == "9.0 PRESENT")
        let versions = try workshop.json(workshop.ingot("metrics", "model/minutes", "-o", "json"))
        #expect((versions["versions"] as? [Any])?.count == 1)

        // 4. The revert runs nothing and brings the old answers back.
        let runs = try runCount(workshop)
        try workshop.git("revert", "--no-edit", "HEAD")
        try workshop.git("push", "-q", "origin", "main")
        try wait(workshop, services, for: workshop.git("rev-parse", "HEAD"))
        #expect(try queue(workshop) == "5.0 PRESENT")
        #expect(try runCount(workshop) == runs)
    }

    private func wait(_ workshop: Workshop, _ services: Services, for commit: String) throws {
        let output = try workshop.ingot("wait", "--revision", commit, "--timeout", "5m")
        try #require(
            output.status == 0,
            "\(output)\ncontroller: \(services.log("controller"))\ngateway: \(services.log("gateway"))"
        )
    }

    private func runCount(_ workshop: Workshop) throws -> Int {
        let runs = try workshop.json(workshop.ingot("get", "runs", "-o", "json"))
        return try #require(runs["runs"] as? [Any]).count
    }

    private func conditions(_ workshop: Workshop) throws -> [String: String] {
        let status = try workshop.json(workshop.ingot("status", "-o", "json"))
        let resources = try #require(status["resources"] as? [[String: Any]])
        let deployment = resources.first { $0["resource"] as? String == "deployment/minutes" }
        let conditions = try #require(deployment?["conditions"] as? [[String: String]])
        return Dictionary(
            conditions.map { ($0["type"] ?? "", $0["reason"] ?? "") },
            uniquingKeysWith: { a, _ in a })
    }

    /// What the gateway says of north's queue, asked with curl.
    private func queue(_ workshop: Workshop) throws -> String {
        let output = try workshop.run(
            "curl",
            [
                "-s", "-m", "10", "-X", "POST", "-H", "Content-Type: application/json", "--data",
                #"{"features": ["shops:queue"], "entities": {"shop": ["north"]}, "#
                    + #""timestamp": "2024-02-10T12:00:00Z"}"#,
                "\(workshop.url)/get-online-features",
            ])
        let answer = try workshop.json(output)
        let results = try #require(answer["results"] as? [[String: Any]], "\(output)")
        try #require(results.count == 2)
        let value = (results[1]["values"] as? [Double])?.first ?? .nan
        return "\(value) \((results[1]["statuses"] as? [String])?.first ?? "")"
    }
}
