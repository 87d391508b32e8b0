/// What `ingot init` writes: a project that works at once and is small enough to be read.
enum StarterProject {
    static var files: [(name: String, text: String)] {
        [
            ("ingot.yaml", project), ("houses.yaml", manifests), ("data/houses.csv", data),
            (".gitignore", ".ingot/\n"),
        ]
    }

    private static let project = """
        apiVersion: ingot/v1
        kind: Project
        metadata: {name: houses}
        spec:
          dataRoots: [data]

        """

    private static let manifests = """
        # A table, with what it promises. The file is part of the commit.
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: houses}
        spec:
          source: {file: {path: data/houses.csv}}
          schema:
            - {name: id, type: integer, nullable: false}
            - {name: sold_at, type: timestamp, nullable: false}
            - {name: area, type: double}          # square metres
            - {name: rooms, type: integer}
            - {name: district, type: string}
            - {name: price, type: double}         # thousands
          primaryKey: [id]
          expectations:
            - {unique: [id]}
            - {between: {column: area, min: 10, max: 1000}}
        ---
        # How a model is made from it, and what it must reach.
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: price}
        spec:
          spine: {dataset: houses, timestamp: sold_at, key: [id]}
          label: {column: price}
          task: regression
          features:
            - {columns: [area, rooms, district]}
          split: {random: {validation: 0.2, test: 0.2}}
          preprocessing:
            numeric: {impute: median, scale: standard}
            categorical: {impute: missing, encode: one-hot}
          algorithm: {name: ridge, parameters: {alpha: 1.0}}
          evaluation:
            metrics: [rmse, r2]
            gates:
              - {metric: r2, min: 0.5}
          seed: 17
        ---
        apiVersion: ingot/v1
        kind: Model
        metadata: {name: price}
        spec:
          trainingConfig: price
          stages:
            - {name: staging, track: latest}
            - {name: production, track: staging}
        ---
        apiVersion: ingot/v1
        kind: Deployment
        metadata: {name: price}
        spec:
          model: {name: price, stage: production}

        """

    /// 200 made-up houses: an exact rule and a little noise, the same every time.
    private static var data: String {
        let districts = ["north", "south", "east", "west"]
        var state: UInt64 = 2013
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var text = "id,sold_at,area,rooms,district,price\n"
        for id in 1...200 {
            let area = 30 + next(170)
            let rooms = 1 + area / 35 + next(2)
            let district = next(4)
            let price = area * 3 + rooms * 12 + district * 40 + next(60)
            let day = 1 + id % 28
            let month = 1 + id / 17
            text += "\(id),2024-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day),"
            text += "\(area),\(rooms),\(districts[district]),\(price)\n"
        }
        return text
    }
}
