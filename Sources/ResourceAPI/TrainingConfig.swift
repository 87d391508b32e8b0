/// How a model is trained: on which rows, with which label and features, by which algorithm, and
/// what it must reach.
package struct TrainingConfigSpec: Hashable, Sendable {
    package let spine: Spine
    package let label: Label
    package let task: LearningTask
    package let features: [FeatureSelection]
    package let split: Split
    package let preprocessing: Preprocessing
    package let algorithm: Algorithm
    package let evaluation: Evaluation
    package let leakGuard: LeakGuard
    package let seed: Int64
    package let resources: StepResources
    package init(
        spine: Spine,
        label: Label,
        task: LearningTask,
        features: [FeatureSelection],
        split: Split,
        preprocessing: Preprocessing,
        algorithm: Algorithm,
        evaluation: Evaluation,
        leakGuard: LeakGuard = .standard,
        seed: Int64,
        resources: StepResources
    ) {
        self.spine = spine
        self.label = label
        self.task = task
        self.features = features
        self.split = split
        self.preprocessing = preprocessing
        self.algorithm = algorithm
        self.evaluation = evaluation
        self.leakGuard = leakGuard
        self.seed = seed
        self.resources = resources
    }
}

/// The rows to learn from, one per example, each with the time at which the prediction is made.
package struct Spine: Hashable, Sendable {
    package let dataset: ResourceName
    package let timestamp: String
    package let key: [String]
    /// A SQL condition that a row must meet.
    package let condition: String?
    package init(
        dataset: ResourceName,
        timestamp: String,
        key: [String],
        condition: String? = nil
    ) {
        self.dataset = dataset
        self.timestamp = timestamp
        self.key = key
        self.condition = condition
    }
}

package struct Label: Hashable, Sendable {
    package let name: String
    /// A SQL expression over the spine's columns; a plain column is its quoted name.
    package let expression: String
    package init(name: String, expression: String) {
        self.name = name
        self.expression = expression
    }
}

package enum LearningTask: String, CaseIterable, Hashable, Sendable, Codable {
    case binary = "binary-classification"
    case multiclass = "multiclass-classification"
    case regression
}

package enum FeatureSelection: Hashable, Sendable {
    /// Columns of the spine.
    case columns([String])
    /// Features of a view; nil is all of them.
    case view(ResourceName, select: [String]?)
    /// Computed inside the model, from the values of a request and from features of views.
    case onDemand(OnDemandFeature)
}

package struct OnDemandFeature: Hashable, Sendable {
    package let name: String
    /// Of the subset of DuckDB's SQL that ONNX can compute.
    package let expression: String
    package init(name: String, expression: String) {
        self.name = name
        self.expression = expression
    }
}

/// When a feature is reported because it predicts the label too well by itself.
package struct LeakGuard: Hashable, Sendable {
    /// Nil: `defaultMaxAUC`. 1: never.
    package let maxAUC: Double?
    package init(maxAUC: Double?) {
        self.maxAUC = maxAUC
    }

    package static let standard = LeakGuard(maxAUC: nil)
    package static let defaultMaxAUC = 0.98
}

package enum Split: Hashable, Sendable {
    /// Rows before `validation` train, rows from `test` on test, those between validate. ISO 8601,
    /// UTC.
    case time(validation: String, test: String)
    /// Shares of the rows, by a hash of the key and the seed.
    case random(validation: Double, test: Double)
}

package struct Preprocessing: Hashable, Sendable {
    package enum NumericImpute: String, CaseIterable, Hashable, Sendable {
        case none
        case median
        case mean
        case zero
    }

    package enum NumericScale: String, CaseIterable, Hashable, Sendable {
        case none
        case standard
    }

    package enum CategoricalEncode: String, CaseIterable, Hashable, Sendable {
        case oneHot = "one-hot"
        case ordinal
    }

    package let numericImpute: NumericImpute
    package let numericScale: NumericScale
    package let categoricalEncode: CategoricalEncode
    /// A category seen in fewer training rows than this counts as infrequent.
    package let minFrequency: Int
    package init(
        numericImpute: NumericImpute,
        numericScale: NumericScale,
        categoricalEncode: CategoricalEncode,
        minFrequency: Int
    ) {
        self.numericImpute = numericImpute
        self.numericScale = numericScale
        self.categoricalEncode = categoricalEncode
        self.minFrequency = minFrequency
    }

    package static let standard = Preprocessing(
        numericImpute: .none, numericScale: .none, categoricalEncode: .oneHot, minFrequency: 1)
}

package struct Algorithm: Hashable, Sendable {
    package enum Name: String, CaseIterable, Hashable, Sendable {
        case lightgbm
        case xgboost
        case logisticRegression = "logistic-regression"
        case ridge
        case randomForest = "random-forest"
        case histGradientBoosting = "hist-gradient-boosting"
    }

    package let name: Name
    /// Passed on to the library under these very names; scalars only.
    package let parameters: [String: JSONValue]
    package init(name: Name, parameters: [String: JSONValue]) {
        self.name = name
        self.parameters = parameters
    }
}

package struct Evaluation: Hashable, Sendable {
    package let metrics: [Metric]
    package let gates: [Gate]
    package init(metrics: [Metric], gates: [Gate]) {
        self.metrics = metrics
        self.gates = gates
    }
}

/// The names are scikit-learn's.
package enum Metric: String, CaseIterable, Hashable, Sendable, Codable {
    case rocAUC = "roc_auc"
    case logLoss = "log_loss"
    case averagePrecision = "average_precision"
    case brier
    case accuracy
    case f1
    case precision
    case recall
    case f1Macro = "f1_macro"
    case rmse
    case mae
    case r2

    /// The tasks for which it is defined.
    package func isDefined(for task: LearningTask) -> Bool {
        switch self {
        case .rocAUC, .averagePrecision, .brier, .f1, .precision, .recall: task == .binary
        case .logLoss, .accuracy: task != .regression
        case .f1Macro: task == .multiclass
        case .rmse, .mae, .r2: task == .regression
        }
    }
}

/// A bound that a metric of the test split must keep before a version is registered.
package struct Gate: Hashable, Sendable {
    package let metric: Metric
    package let min: Double?
    package let max: Double?
    package init(metric: Metric, min: Double? = nil, max: Double? = nil) {
        self.metric = metric
        self.min = min
        self.max = max
    }
}

/// What a step may use.
package struct StepResources: Hashable, Sendable, Codable {
    /// Threads as well: part of the recipe.
    package let cpus: Int
    package let memoryBytes: Int64
    package let timeoutSeconds: Int64
    package init(cpus: Int, memoryBytes: Int64, timeoutSeconds: Int64) {
        self.cpus = cpus
        self.memoryBytes = memoryBytes
        self.timeoutSeconds = timeoutSeconds
    }

    package static let standard = StepResources(
        cpus: 1, memoryBytes: 4 << 30, timeoutSeconds: 1800)
}
