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
    case observedInside
    case refreshTooOften
    case refreshNotOnline
    /// A field about rows, of a dataset that has none.
    case fieldOfNoop(String)
    case minAboveMax
    case boundMissing(String)
    case columnTypeOfCheck(String, column: String, type: String, wanted: [String])
    case badPattern(RegexProblem)
    case mostlyWithoutRows(String)
    case driftWithoutSchema
    case foreignKeyLengths(columns: Int, references: Int)
    case featureNameMissing
    case featureWithoutValue(aggregate: String?)
    /// An aggregate without a field that it needs.
    case aggregateWithout(String, aggregate: String)
    /// A field that has no meaning without an aggregate.
    case aggregateMissing(String)
    case fieldOfOtherAggregate(String, aggregate: String)
    case lagOfAggregate
    /// A field that a view of a view has from the other one.
    case fieldOfBaseView(String)
    case outputTwice(String)
    case labelWithoutColumn
    case knownAtNotATime(String, type: String)
    case featureOfLabel(String, label: Label)
    case onDemandOfLabel(SQLExpression.Word, label: Label)
    case functionUnknown(SQLExpression.Word, near: String?)
    case functionNotOnDemand(SQLExpression.Word, reason: String)
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
        case .observedInside:
            "'asOf: observed' is only for sources outside the repository, which are read at a time"
        case .refreshNotOnline: "'refresh' has no effect without 'online: true'"
        case .refreshTooOften: "'refresh' is shorter than a minute"
        case .refreshOfInside: "'refresh' is only for sources outside the repository"
        case .badBucket(let text): "\(ManifestProblem.quote(text)) is not the name of a bucket"
        case .fieldOfNoop(let field):
            "'\(field)' has no effect: a dataset with the source 'noop' has no rows"
        case .minAboveMax: "'min' is larger than 'max'"
        case .boundMissing(let field): "\(field) needs 'min', 'max' or both"
        case .columnTypeOfCheck(let check, let column, let type, let wanted):
            "'\(check)' needs a column of type \(ManifestProblem.list(wanted, quote: "", last: "or")), but \(ManifestProblem.quote(column)) is of type \(type)"
        case .badPattern(let problem):
            "'pattern' is not a regular expression: \(problem.reason), at character \(problem.place)"
        case .mostlyWithoutRows(let check):
            "'mostly' has no effect on '\(check)', which is not about single rows"
        case .driftWithoutSchema: "'schemaDrift' has nothing to compare the source with"
        case .foreignKeyLengths(let columns, let references):
            "'columns' and 'references' must have the same length, but have \(columns) and \(references) items"
        case .featureNameMissing: "a feature without 'column' needs a 'name'"
        case .featureWithoutValue(nil): "a feature needs 'column' or 'expression'"
        case .featureWithoutValue(let aggregate?):
            "the aggregate \(aggregate) needs 'column' or 'expression'"
        case .aggregateWithout(let field, let aggregate):
            "the aggregate \(aggregate) needs '\(field)'"
        case .aggregateMissing(let field): "'\(field)' needs an 'aggregate'"
        case .fieldOfOtherAggregate(let field, let aggregate):
            "'\(field)' is only for the aggregate \(aggregate)"
        case .lagOfAggregate: "'lag' is for latest values, and this feature has an 'aggregate'"
        case .fieldOfBaseView(let field): "'\(field)' is that of the view in 'source'"
        case .outputTwice(let name): "two features make the column \(ManifestProblem.quote(name))"
        case .labelWithoutColumn: "a label needs 'column', or 'name' and 'expression'"
        case .knownAtNotATime(let name, let type):
            "the column \(ManifestProblem.quote(name)) is a \(type), not a timestamp"
        case .featureOfLabel(let name, let label):
            "\(ManifestProblem.quote(name)) cannot be a feature: the label '\(label.name)' is computed from it (\(ManifestProblem.clip(label.expression)))"
        case .onDemandOfLabel(let word, let label):
            "the expression uses \(ManifestProblem.quote(word.text)) (at \(word.place)), from which the label '\(label.name)' is computed (\(ManifestProblem.clip(label.expression)))"
        case .functionUnknown(let word, _):
            "the expression calls an unknown function \(ManifestProblem.quote(word.text)) (at \(word.place))"
        case .functionNotOnDemand(let word, let reason):
            "the expression calls \(ManifestProblem.quote(word.text)) (at \(word.place)), which \(reason)"
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
        case .nullValuesWithoutCSV, .fieldOfNoop, .mostlyWithoutRows: "remove it"
        case .badURL: "such as https://example.org/data/weather.csv"
        case .credentialsInURL:
            "put them into the controller's configuration, and name the entry with 'credentials'"
        case .observedInside: "write the instant itself, or use 'comparedTo'"
        case .refreshNotOnline: "remove it, or add 'online: true'"
        case .refreshTooOften: "new data are served when they come; a refresh moves windows only"
        case .refreshOfInside: "remove it; changed files and inputs are noticed without it"
        case .badBucket: "3 to 63 lower-case letters, digits, dots and hyphens"
        case .minAboveMax: "exchange them"
        case .boundMissing: "without a bound it would always hold"
        case .columnTypeOfCheck("regex", _, _, _): "use 'between', 'values' or 'sql'"
        case .columnTypeOfCheck: "name another column"
        case .badPattern: "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"
        case .driftWithoutSchema: "list the columns in 'schema'"
        case .foreignKeyLengths: "each column refers to one of the other dataset"
        case .featureNameMissing: "add 'name', which becomes the feature's column"
        case .featureWithoutValue: "only 'aggregate: count' needs neither: it counts rows"
        case .aggregateWithout("n", _): "add how many values, such as 'n: 3'"
        case .aggregateWithout("percentile", _): "add a share, such as 'percentile: 0.95'"
        case .aggregateWithout: "add lengths of time, such as 'windows: [1h, 24h]'"
        case .fieldOfOtherAggregate, .fieldOfBaseView: "remove it"
        case .lagOfAggregate: "use 'offset' to end its windows earlier"
        case .aggregateMissing("where"):
            "for the latest row that meets a condition use 'aggregate: last' with 'windows'"
        case .aggregateMissing:
            "add one of \(ManifestProblem.list(Feature.Aggregate.allCases.map(\.rawValue), quote: ""))"
        case .outputTwice: "give one of them another name"
        case .labelWithoutColumn: "such as '{name: late, expression: \"arr_delay > 15\"}'"
        case .knownAtNotATime: "give a column of type timestamp or date"
        case .featureOfLabel, .onDemandOfLabel:
            "the model would learn nothing but the label's own formula; use what is known before"
        case .functionUnknown(_, let near?): "did you mean '\(near)'?"
        case .functionUnknown(_, nil), .functionNotOnDemand:
            "these can be computed on demand: \(OnDemandFunctions.names.joined(separator: ", "))"
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
