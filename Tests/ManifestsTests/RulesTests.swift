import Manifests
import ResourceAPI
import Testing

@Suite("Rules between the fields of data kinds")
struct RulesTests {
    @Test("A dataset has a source or a query")
    func aDatasetHasASourceOrA() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  primaryKey: [a]
                """)
        let expected = """
            m.yaml:5:3: error: missing field: one of 'source' and 'sql' is needed
                  primaryKey: [a]
                  ^
            hint: see 'ingot explain dataset.spec'
            """
        #expect(messages == expected)
    }

    @Test("A dataset has not both a source and a query")
    func aDatasetHasNotBothASource() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  sql: {inputs: [a], query: "SELECT 1"}
                """)
        let expected = """
            m.yaml:6:3: error: 'source' and 'sql' exclude each other
                  sql: {inputs: [a], query: "SELECT 1"}
                  ^
            note: 'source' is given here (m.yaml:5:3)
            hint: remove one of them
            """
        #expect(messages == expected)
    }

    @Test("A dataset without rows has no fields about rows")
    func noopHasNoRows() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: nothing}
                spec:
                  source: {noop: {content: "1"}}
                  schema: [{name: a, type: integer}]
                  primaryKey: [a]
                  timestamp: a
                  expectations:
                    - {unique: [a]}
                """)
        let expected = """
            m.yaml:6:3: error: 'schema' has no effect: a dataset with the source 'noop' has no rows
                  schema: [{name: a, type: integer}]
                  ^
            hint: remove it

            m.yaml:7:3: error: 'primaryKey' has no effect: a dataset with the source 'noop' has no rows
                  primaryKey: [a]
                  ^
            hint: remove it

            m.yaml:8:3: error: 'timestamp' has no effect: a dataset with the source 'noop' has no rows
                  timestamp: a
                  ^
            hint: remove it

            m.yaml:9:3: error: 'expectations' has no effect: a dataset with the source 'noop' has no rows
                  expectations:
                  ^
            hint: remove it
            """
        #expect(messages == expected)
    }

    @Test("A format that cannot be told must be given")
    func aFormatThatCannotBeToldMust() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.txt}}
                """)
        let expected = """
            m.yaml:5:25: error: the format of 'data/weather.txt' cannot be told from its name
                  source: {file: {path: data/weather.txt}}
                                        ^
            hint: add 'format: csv', 'format: parquet' or 'format: json'
            """
        #expect(messages == expected)
    }

    @Test("Null values are only for csv")
    func nullValuesAreOnlyForCsv() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.parquet, nullValues: [NA]}}
                """)
        let expected = """
            m.yaml:5:59: error: 'nullValues' is only for the format csv
                  source: {file: {path: data/weather.parquet, nullValues: [NA]}}
                                                                          ^
            hint: remove it
            """
        #expect(messages == expected)
    }

    @Test("Columns must be in the schema")
    func columnsMustBeInTheSchema() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: weather}
                spec:
                  source: {file: {path: data/weather.csv}}
                  schema:
                    - {name: origin, type: string}
                    - {name: temp, type: double}
                    - {name: temp, type: double}
                  primaryKey: [orign]
                  timestamp: time_hour
                  expectations:
                    - {unique: [origin, tmp]}
                    - {notNull: temp}
                    - {between: {column: temp}}
                    - {rowCount: {min: 5, max: 4}}
                    - {unique: [origin], notNull: temp}
                    - {mostly: 0.5}
                """)
        let expected = """
            m.yaml:9:14: error: 'schema' has 'temp' twice
                    - {name: temp, type: double}
                             ^
            hint: remove one of them

            m.yaml:10:16: error: the schema has no column 'orign'
                  primaryKey: [orign]
                               ^
            hint: did you mean 'origin'?

            m.yaml:11:14: error: the schema has no column 'time_hour'
                  timestamp: time_hour
                             ^
            hint: its columns are origin, temp and temp

            m.yaml:13:25: error: the schema has no column 'tmp'
                    - {unique: [origin, tmp]}
                                        ^
            hint: did you mean 'temp'?

            m.yaml:15:17: error: 'between' needs 'min', 'max' or both
                    - {between: {column: temp}}
                                ^
            hint: without a bound it would always hold

            m.yaml:16:24: error: 'min' is larger than 'max'
                    - {rowCount: {min: 5, max: 4}}
                                       ^
            hint: exchange them

            m.yaml:17:26: error: 'unique' and 'notNull' exclude each other
                    - {unique: [origin], notNull: temp}
                                         ^
            note: 'unique' is given here (m.yaml:17:8)
            hint: remove one of them

            m.yaml:18:7: error: missing field: one of 'unique', 'notNull', 'between', 'values', 'rowCount', 'regex', 'freshness', 'foreignKey', 'schemaDrift' and 'sql' is needed
                    - {mostly: 0.5}
                      ^
            hint: see 'ingot explain dataset.spec.expectations'
            """
        #expect(messages == expected)
    }

    @Test("Features have what their aggregate needs")
    func featuresHaveWhatTheirAggregateNeeds() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather}
                spec:
                  source: {dataset: weather}
                  entity: [origin]
                  timestamp: time_hour
                  features:
                    - {name: a}
                    - {name: b, column: x, aggregate: mean}
                    - {name: c, column: x, windows: [1h]}
                    - {name: d, aggregate: sum, windows: [1h]}
                    - {expression: "x"}
                    - {column: x, expression: "x"}
                    - {aggregate: count, windows: [1h]}
                    - {name: __e, column: x}
                    - {name: f, aggregate: count, windows: [1h, 60m]}
                    - {name: g, column: x, aggregate: median, windows: [1h]}
                """)
        let expected = """
            m.yaml:9:7: error: a feature needs 'column' or 'expression'
                    - {name: a}
                      ^
            hint: only 'aggregate: count' needs neither: it counts rows

            m.yaml:10:7: error: the aggregate mean needs 'windows'
                    - {name: b, column: x, aggregate: mean}
                      ^
            hint: add lengths of time, such as 'windows: [1h, 24h]'

            m.yaml:11:37: error: 'windows' needs an 'aggregate'
                    - {name: c, column: x, windows: [1h]}
                                                    ^
            hint: add one of count, sum, mean, min, max, count_distinct, approx_count_distinct, stddev, variance, first, last, last_n, approx_percentile and mode

            m.yaml:12:7: error: the aggregate sum needs 'column' or 'expression'
                    - {name: d, aggregate: sum, windows: [1h]}
                      ^
            hint: only 'aggregate: count' needs neither: it counts rows

            m.yaml:13:7: error: a feature without 'column' needs a 'name'
                    - {expression: "x"}
                      ^
            hint: add 'name', which becomes the feature's column

            m.yaml:14:31: error: 'column' and 'expression' exclude each other
                    - {column: x, expression: "x"}
                                              ^
            hint: remove one of them

            m.yaml:15:7: error: a feature without 'column' needs a 'name'
                    - {aggregate: count, windows: [1h]}
                      ^
            hint: add 'name', which becomes the feature's column

            m.yaml:16:14: error: 'name' is not a valid column name: '__e'
                    - {name: __e, column: x}
                             ^
            hint: 1 to 128 bytes on one line; names that start with '__' are Ingot's own

            m.yaml:17:49: error: 'windows' has '60m' twice
                    - {name: f, aggregate: count, windows: [1h, 60m]}
                                                                ^
            hint: remove one of them

            m.yaml:18:39: error: 'aggregate' must be count, sum, mean, min, max, count_distinct, approx_count_distinct, stddev, variance, first, last, last_n, approx_percentile or mode, but is 'median'
                    - {name: g, column: x, aggregate: median, windows: [1h]}
                                                      ^
            hint: did you mean 'approx_percentile'?
            """
        #expect(messages == expected)
    }

    @Test("Fields of a feature that do not go together")
    func fieldsOfAFeatureThatDoNotGoTogether() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather}
                spec:
                  source: {dataset: weather}
                  entity: [origin]
                  timestamp: time_hour
                  features:
                    - {column: a, where: "x > 1"}
                    - {column: b, closed: right}
                    - {column: c, aggregate: last_n, windows: [1h]}
                    - {column: d, aggregate: approx_percentile, windows: [1h]}
                    - {column: e, aggregate: mean, windows: [1h], n: 3}
                    - {column: f, aggregate: mean, windows: [1h], lag: 1}
                    - {column: g, lag: 0}
                    - {column: h, aggregate: approx_percentile, percentile: 95, windows: [1h]}
                    - {column: i, aggregate: mean, windows: [1h], closed: open}
                """)
        let expected = """
            m.yaml:9:26: error: 'where' needs an 'aggregate'
                    - {column: a, where: "x > 1"}
                                         ^
            hint: for the latest row that meets a condition use 'aggregate: last' with 'windows'

            m.yaml:10:27: error: 'closed' needs an 'aggregate'
                    - {column: b, closed: right}
                                          ^
            hint: add one of \(Self.aggregates) and mode

            m.yaml:11:7: error: the aggregate last_n needs 'n'
                    - {column: c, aggregate: last_n, windows: [1h]}
                      ^
            hint: add how many values, such as 'n: 3'

            m.yaml:12:7: error: the aggregate approx_percentile needs 'percentile'
                    - {column: d, aggregate: approx_percentile, windows: [1h]}
                      ^
            hint: add a share, such as 'percentile: 0.95'

            m.yaml:13:54: error: 'n' is only for the aggregate last_n
                    - {column: e, aggregate: mean, windows: [1h], n: 3}
                                                                     ^
            hint: remove it

            m.yaml:14:56: error: 'lag' is for latest values, and this feature has an 'aggregate'
                    - {column: f, aggregate: mean, windows: [1h], lag: 1}
                                                                       ^
            hint: use 'offset' to end its windows earlier

            m.yaml:15:24: error: 'lag' must be from 1 to 1000, but is 0
                    - {column: g, lag: 0}
                                       ^
            hint: see 'ingot explain featureview.spec.features.lag'

            m.yaml:16:61: error: 'percentile' must be from 0 to 1, but is 95
                    - {column: h, aggregate: approx_percentile, percentile: 95, windows: [1h]}
                                                                            ^
            hint: see 'ingot explain featureview.spec.features.percentile'

            m.yaml:17:59: error: 'closed' must be left, right, both or neither, but is 'open'
                    - {column: i, aggregate: mean, windows: [1h], closed: open}
                                                                          ^
            hint: see 'ingot explain featureview.spec.features.closed'
            """
        #expect(messages == expected)
    }

    @Test("A view of a view has its times from that one")
    func timesOfAViewOfAView() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather-days}
                spec:
                  source: {view: weather}
                  entity: [origin]
                  timestamp: time_hour
                  knownAt: {delay: 1h}
                  features: [{column: temp, aggregate: mean, windows: [3d]}]
                """)
        let expected = """
            m.yaml:7:3: error: 'timestamp' is that of the view in 'source'
                  timestamp: time_hour
                  ^
            hint: remove it

            m.yaml:8:3: error: 'knownAt' is that of the view in 'source'
                  knownAt: {delay: 1h}
                  ^
            hint: remove it
            """
        #expect(messages == expected)
    }

    @Test("A lag may be online, with a time to live too")
    func onlineLag() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather}
                spec:
                  source: {dataset: weather}
                  entity: [origin]
                  timestamp: time_hour
                  ttl: 3h
                  online: true
                  features: [{name: before, column: temp, lag: 1}]
                """)
        #expect(messages == "")
    }

    @Test("A refresh is of an online view, and not every second")
    func refresh() {
        func view(_ online: Bool, _ refresh: String) -> String {
            """
            apiVersion: ingot/v1
            kind: FeatureView
            metadata: {name: weather}
            spec:
              source: {dataset: weather}
              entity: [origin]
              timestamp: time_hour
              online: \(online)
              refresh: \(refresh)
              features: [{column: temp}]
            """
        }
        #expect(
            messages(of: view(false, "15m"))
                == """
                m.yaml:9:12: error: 'refresh' has no effect without 'online: true'
                      refresh: 15m
                               ^
                hint: remove it, or add 'online: true'
                """)
        #expect(
            messages(of: view(true, "59s"))
                == """
                m.yaml:9:12: error: 'refresh' is shorter than a minute
                      refresh: 59s
                               ^
                hint: new data are served when they come; a refresh moves windows only
                """)
        #expect(messages(of: view(true, "1m")).isEmpty)
        let found = parse(view(true, "15m")).resources.first?.featureView
        #expect(found?.refresh == ManifestDuration(seconds: 900) && found?.online == true)
    }

    private static let aggregates = """
        count, sum, mean, min, max, count_distinct, approx_count_distinct, stddev, variance, first, \
        last, last_n, approx_percentile
        """

    @Test("Two features cannot make one column")
    func twoFeaturesCannotMakeOneColumn() {
        let messages = messages(
            of: """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: weather}
                spec:
                  source: {dataset: weather}
                  entity: [origin]
                  timestamp: time_hour
                  features:
                    - {name: a_1h, column: x}
                    - {name: a, aggregate: count, windows: [1h]}
                """)
        let expected = """
            m.yaml:10:7: error: two features make the column 'a_1h'
                    - {name: a, aggregate: count, windows: [1h]}
                      ^
            hint: give one of them another name
            """
        #expect(messages == expected)
    }
}
