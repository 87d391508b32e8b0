/// The manifests of the design (resources.md): as they stand there, with the lines that hold fields
/// which are not built yet, and without them.
enum DesignManifests {
    /// Lines of the design that are not built yet, by a part of them.
    private static let planned = [
        "search: {", "slices: [", "comparedTo", "slice: origin",
        "traffic: {", "predictionLog: {",
    ]

    static var supported: String {
        complete.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { line in !planned.contains { line.contains($0) } }
            .joined(separator: "\n")
    }

    static let complete = """
        apiVersion: ingot/v1
        kind: Project
        metadata: {name: flights}
        spec:
          runtime: {requirements: requirements.lock}     # hashed lock file; default: the one Ingot ships
          dataRoots: [data]                              # where local sources may lie
          prune: {maxResources: 10, maxFraction: 0.25}
          retention: {artifacts: 30d}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: weather}
        spec:
          source: {file: {path: data/weather.csv, format: csv}}   # or http, s3, postgres; or
          # sql: {inputs: [raw-flights, airports], query: "SELECT …"}   a derived dataset (ETL)
          schema:
            - {name: origin, type: string, nullable: false}
            - {name: time_hour, type: timestamp, nullable: false}
            - {name: temp, type: double}
          primaryKey: [origin, time_hour]
          timestamp: time_hour
          expectations:
            - {unique: [origin, time_hour]}
            - {between: {column: temp, min: -40, max: 130}, mostly: 0.999}
            - {values: {column: origin, in: [EWR, JFK, LGA]}}
            - {rowCount: {min: 20000}, severity: warning}
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: origin-delays}
        spec:
          source: {dataset: landed-flights}
          entity: [origin]
          timestamp: landed_at
          features:
            - {name: arr_delay_mean, column: arr_delay, aggregate: mean, windows: [1h, 6h, 24h, 7d]}
            - {name: late_rate, column: late, aggregate: mean, windows: [6h, 24h]}
            - {name: landed, aggregate: count, windows: [1h, 24h]}
          online: true
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: weather}
        spec:
          source: {dataset: weather}
          entity: [origin]
          timestamp: time_hour
          knownAt: {delay: 1h}
          ttl: 3h
          features: [{column: temp}, {column: wind_speed}, {name: foggy, expression: "visib < 1"}]
          online: true
        ---
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: arrival-delay}
        spec:
          spine: {dataset: flights, timestamp: scheduled_departure, key: [flight_id], where: "arr_delay IS NOT NULL"}
          label: {name: late, expression: "arr_delay > 15"}
          task: binary-classification            # or multiclass-classification, regression
          features:
            - {columns: [carrier, distance, hour]}                # from the spine
            - {view: origin-delays}                               # all of it
            - {view: weather, select: [temp, wind_speed]}
            - {onDemand: {name: is_weekend, expression: "isodow(scheduled_departure) >= 6"}}
          split: {time: {validation: 2013-10-01, test: 2013-11-01}}   # or random, group, hash, stratified
          preprocessing:
            numeric: {impute: median, scale: standard}
            categorical: {impute: missing, encode: one-hot, minFrequency: 20}
          algorithm: {name: lightgbm, parameters: {num_leaves: 31, n_estimators: 200}}
          # algorithm: {command: [python, train.py], source: trainers/churn}      any program of the user's
          search: {sampler: tpe, trials: 20, metric: roc_auc, goal: maximize, parameters: {num_leaves: {int: {min: 8, max: 128, log: true}}}}
          evaluation:
            metrics: [roc_auc, log_loss, average_precision, brier]
            slices: [carrier, origin]
            gates:
              - {metric: roc_auc, min: 0.70}
              - {metric: log_loss, comparedTo: production, maxIncrease: 0.005}
              - {metric: roc_auc, slice: origin, maxGap: 0.10}
          seed: 17
          resources: {cpus: 1, memory: 4Gi, timeout: 30m}
        ---
        apiVersion: ingot/v1
        kind: Model
        metadata: {name: arrival-delay}
        spec:
          trainingConfig: arrival-delay
          stages:
            - {name: staging, track: latest}
            - {name: production, version: 1}       # promotion: edit this line in a pull request
        ---
        apiVersion: ingot/v1
        kind: Deployment
        metadata: {name: arrival-delay}
        spec:
          model: {name: arrival-delay, stage: production}
          replicas: 2
          traffic: {canary: {stage: staging, percent: 10}, shadow: {stage: staging}}
          predictionLog: {sampleRate: 1.0}
        """

    /// Settings of a Project that the design leaves out.
    static let settings = """
        apiVersion: ingot/v1
        kind: Project
        metadata: {name: flights}
        spec:
          snapshots: {push: proposal}
        """

    /// What the design leaves out, so that every field of every kind is somewhere.
    static let others = """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: nothing}
        spec:
          source: {noop: {dependsOn: [other], content: a, seconds: 1, fails: false}}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: from-web}
        spec:
          source: {http: {url: "https://example.org/a", format: csv, nullValues: [NA], credentials: api}}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: from-bucket}
        spec:
          source:
            s3:
              bucket: lake
              key: a.csv
              region: eu-central-1
              endpoint: "http://localhost:9000"
              format: csv
              nullValues: [NA]
              credentials: lake
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: from-database}
        spec:
          source: {postgres: {query: "SELECT 1 AS a", credentials: warehouse}}
          refresh: {onChange: 5m}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata:
          name: derived
          labels: {team: flights, tier: "1"}
          annotations: {example.org/ticket: "17"}
          description: One row per flight.
          owners: [ann, ben]
        spec:
          sql:
            inputs: [raw-flights, airports]
            query: |
              SELECT *
              FROM "raw-flights"
          expectations:
            - {notNull: origin}
            - {between: {column: temp, max: 1.5e2}}
            - {rowCount: {max: 20000}}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: planes}
        spec:
          source: {file: {path: data/planes.csv, nullValues: [NA, "null", ""]}}
          schema: [{name: tailnum, type: string, knownAt: seen}, {name: seen, type: timestamp}]
          expectations:
            - {regex: {column: tailnum, pattern: "N[0-9A-Z]{1,5}"}}
            - {freshness: {column: seen, maxAge: 7d, asOf: 2013-12-31}}
            - {freshness: {column: seen, maxAge: 1h, comparedTo: {dataset: flights, column: time}}}
            - {foreignKey: {columns: [tailnum], dataset: registry, references: [n_number]}}
            - {schemaDrift: [extraColumns, types], severity: warning}
            - {sql: {condition: "seen IS NULL OR tailnum IS NOT NULL"}, mostly: 0.9}
            - {sql: {query: "SELECT * FROM dataset WHERE tailnum = 'N0'"}}
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: planes}
        spec:
          source: {dataset: planes}
          entity: [tailnum]
          timestamp: seen
          knownAt: {column: known}
          features: [{name: on, column: y}]
        ---
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: minutes}
        spec:
          spine: {dataset: flights, timestamp: departure, key: [flight_id]}
          label: {column: 'arr "delay"'}
          task: regression
          features: [{columns: [hour]}]
          split: {random: {validation: 0.1, test: 0.2}}
          algorithm:
            name: ridge
            parameters: {alpha: 0.5, solver: auto, fit_intercept: true, tol: null, "max": "1"}
          evaluation: {metrics: [rmse], gates: [{metric: rmse, max: 40}]}
          leakGuard: {maxAUC: 0.9}
        ---
        apiVersion: ingot/v1
        kind: Model
        metadata: {name: minutes}
        spec:
          trainingConfig: minutes
          stages:
            - {name: old, commit: 1234567}
            - {name: older, digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
            - {name: shown, track: old}
        """
}
