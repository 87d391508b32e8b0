import ResourceAPI

/// A rule between fields of one resource that does not hold. Part of `ManifestProblem`.
enum ResourceRule: Hashable, Sendable {
    case columnNotInSchema(String, near: String?, columns: [String])
    case formatUnknown(path: String)
    case nullValuesWithoutCSV
    case badURL(String)
    case credentialsInURL
    case badBucket(String)
    case refreshOfInside
    /// A field about rows, of a dataset that has none.
    case fieldOfNoop(String)
    case minAboveMax
    case boundMissing(String)
    case featureNameMissing
    case featureWithoutValue(aggregate: String?)
    case windowsMissing(aggregate: String)
    case aggregateMissing
    case outputTwice(String)
    case labelWithoutColumn
    case splitOrder
    case splitShares(sum: Double)
    case metricNotForTask(String, task: String, defined: [String])
    case gateMetricNotListed(String)
    case stageTracksItself(String)
    case stageCycle([String])
    case stageUnknown(String, near: String?, stages: [String])
    case stageNamedLatest

    var message: String {
        switch self {
        case .columnNotInSchema(let name, _, _):
            "the schema has no column \(ManifestProblem.quote(name))"
        case .formatUnknown(let path):
            "the format of \(ManifestProblem.quote(path)) cannot be told from its name"
        case .nullValuesWithoutCSV: "'nullValues' is only for the format csv"
        case .badURL(let text): "\(ManifestProblem.quote(text)) is not an http or https URL"
        case .credentialsInURL: "a URL must not hold a user or a password"
        case .refreshOfInside: "'refresh' is only for sources outside the repository"
        case .badBucket(let text): "\(ManifestProblem.quote(text)) is not the name of a bucket"
        case .fieldOfNoop(let field):
            "'\(field)' has no effect: a dataset with the source 'noop' has no rows"
        case .minAboveMax: "'min' is larger than 'max'"
        case .boundMissing(let field): "\(field) needs 'min', 'max' or both"
        case .featureNameMissing: "a feature without 'column' needs a 'name'"
        case .featureWithoutValue(nil): "a feature needs 'column' or 'expression'"
        case .featureWithoutValue(let aggregate?):
            "the aggregate \(aggregate) needs 'column' or 'expression'"
        case .windowsMissing(let aggregate): "the aggregate \(aggregate) needs 'windows'"
        case .aggregateMissing: "'windows' needs an 'aggregate'"
        case .outputTwice(let name): "two features make the column \(ManifestProblem.quote(name))"
        case .labelWithoutColumn: "a label needs 'column', or 'name' and 'expression'"
        case .splitOrder: "'validation' must be before 'test'"
        case .splitShares(let sum):
            "'validation' and 'test' leave no rows to train on: together they are \(sum)"
        case .metricNotForTask(let metric, let task, _):
            "the metric \(metric) is not defined for the task \(task)"
        case .gateMetricNotListed(let metric):
            "the gate on \(metric) has nothing to decide from: that metric is not in 'metrics'"
        case .stageTracksItself(let name): "the stage '\(name)' tracks itself"
        case .stageCycle(let names):
            "stages track each other in a circle: \(names.joined(separator: " → "))"
        case .stageUnknown(let name, _, _): "there is no stage '\(name)' to track"
        case .stageNamedLatest: "a stage must not be named 'latest'"
        }
    }

    var hint: String? {
        switch self {
        case .columnNotInSchema(_, let near?, _), .stageUnknown(_, let near?, _):
            "did you mean '\(near)'?"
        case .columnNotInSchema(_, nil, let columns):
            "its columns are \(ManifestProblem.list(columns, quote: ""))"
        case .formatUnknown: "add 'format: csv', 'format: parquet' or 'format: json'"
        case .nullValuesWithoutCSV, .fieldOfNoop: "remove it"
        case .badURL: "such as https://example.org/data/weather.csv"
        case .credentialsInURL:
            "put them into the controller's configuration, and name the entry with 'credentials'"
        case .refreshOfInside: "remove it; changed files and inputs are noticed without it"
        case .badBucket: "3 to 63 lower-case letters, digits, dots and hyphens"
        case .minAboveMax: "exchange them"
        case .boundMissing: "without a bound it would always hold"
        case .featureNameMissing: "add 'name', which becomes the feature's column"
        case .featureWithoutValue: "only 'aggregate: count' needs neither: it counts rows"
        case .windowsMissing: "add lengths of time, such as 'windows: [1h, 24h]'"
        case .aggregateMissing:
            "add one of \(ManifestProblem.list(Feature.Aggregate.allCases.map(\.rawValue), quote: ""))"
        case .outputTwice: "give one of them another name"
        case .labelWithoutColumn: "such as '{name: late, expression: \"arr_delay > 15\"}'"
        case .splitOrder: "rows before 'validation' train, rows from 'test' on test"
        case .splitShares: "their sum must be less than 1"
        case .metricNotForTask(_, _, let defined):
            "its metrics are \(ManifestProblem.list(defined, quote: ""))"
        case .gateMetricNotListed(let metric): "add \(metric) to 'metrics'"
        case .stageTracksItself, .stageCycle:
            "track latest, or give a version, a commit or a digest"
        case .stageUnknown(_, nil, let stages):
            "'latest', or another stage of this model: \(ManifestProblem.list(stages, quote: ""))"
        case .stageNamedLatest: "'track: latest' means the newest version"
        }
    }
}
