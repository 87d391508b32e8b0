import ResourceAPI

extension FieldTable {
    static let trainingConfig: [FieldDescription] = rows + learning

    private static let rows: [FieldDescription] = [
        .init(
            "spec.spine", .mapping, .required,
            "The rows to learn from, each with the time at which the prediction is made."),
        .init("spec.spine.dataset", .resourceName, .required, "The dataset of the rows."),
        .init(
            "spec.spine.timestamp", .columnName, .required,
            "The column of the time of the prediction."),
        .init("spec.spine.key", .list(.columnName), .required, "The columns that name a row."),
        .init(
            "spec.spine.where", .text, .optional, "A SQL condition that a row must meet."),
        .init("spec.label", .mapping, .required, "What is predicted."),
        .init(
            "spec.label.name", .columnName, .optional,
            "The name of the label; left out, that of the column."),
        .init("spec.label.column", .columnName, .optional, "A column of the spine."),
        .init(
            "spec.label.expression", .text, .optional,
            "A SQL expression over the spine's columns, instead of a column."),
        .init("spec.task", .choice(of: LearningTask.self), .required, "The kind of prediction."),
        .init("spec.features", .list(.mapping), .required, "What the prediction is made from."),
        .init("spec.features.columns", .list(.columnName), .oneOf, "Columns of the spine."),
        .init("spec.features.view", .resourceName, .oneOf, "Features of a feature view."),
        .init(
            "spec.features.select", .list(.columnName), .optional,
            "Some of the view's features; left out, all of them."),
        .init(
            "spec.features.onDemand", .mapping, .oneOf,
            "A feature computed inside the model, from the values of the request."),
        .init(
            "spec.features.onDemand.name", .columnName, .required, "The name of the feature."),
        .init(
            "spec.features.onDemand.expression", .text, .required,
            "A SQL expression over the spine's columns and the features of views."),
        .init("spec.split", .mapping, .required, "How rows are kept apart for testing."),
        .init(
            "spec.split.time", .mapping, .oneOf,
            "By time: earlier rows train, later rows validate and test."),
        .init(
            "spec.split.time.validation", .time, .required, "The start of the validation rows, UTC."
        ),
        .init("spec.split.time.test", .time, .required, "The start of the test rows, UTC."),
        .init("spec.split.random", .mapping, .oneOf, "By a hash of the key and the seed."),
        .init(
            "spec.split.random.validation", .share, .required, "The share of the validation rows."),
        .init("spec.split.random.test", .share, .required, "The share of the test rows."),
        .init("spec.split.group", .unknown, .planned, "By groups of rows."),
        .init("spec.split.hash", .unknown, .planned, "By a hash of chosen columns."),
        .init("spec.split.stratified", .unknown, .planned, "By chance, with equal label shares."),
    ]

    private static let learning: [FieldDescription] = [
        .init(
            "spec.preprocessing", .mapping, .optional,
            "What is done to features; it becomes part of the model."),
        .init("spec.preprocessing.numeric", .mapping, .optional, "For numeric features."),
        .init(
            "spec.preprocessing.numeric.impute", .choice(of: Preprocessing.NumericImpute.self),
            .defaultsTo("none"), "What takes the place of nulls."),
        .init(
            "spec.preprocessing.numeric.scale", .choice(of: Preprocessing.NumericScale.self),
            .defaultsTo("none"), "How values are scaled."),
        .init("spec.preprocessing.categorical", .mapping, .optional, "For text features."),
        .init(
            "spec.preprocessing.categorical.impute", .choice(of: CategoricalImpute.self),
            .defaultsTo("missing"), "What takes the place of nulls: a category of its own."),
        .init(
            "spec.preprocessing.categorical.encode",
            .choice(of: Preprocessing.CategoricalEncode.self), .defaultsTo("one-hot"),
            "How categories become numbers."),
        .init(
            "spec.preprocessing.categorical.minFrequency", .integer(1...1_000_000_000),
            .defaultsTo("1"), "A category in fewer training rows counts as infrequent."),
        .init("spec.algorithm", .mapping, .required, "What learns."),
        .init(
            "spec.algorithm.name", .choice(of: Algorithm.Name.self), .required, "The algorithm."),
        .init(
            "spec.algorithm.parameters", .scalarMap, .optional,
            "Parameters under the library's own names."),
        .init("spec.algorithm.command", .unknown, .planned, "A program of the user's."),
        .init("spec.algorithm.source", .unknown, .planned, "The folder of that program."),
        .init("spec.search", .unknown, .planned, "A search for good parameters."),
        .init("spec.evaluation", .mapping, .required, "How good the model is."),
        .init(
            "spec.evaluation.metrics", .list(.choice(of: Metric.self)), .required,
            "The metrics, by scikit-learn's names; each must be defined for the task."),
        .init(
            "spec.evaluation.gates", .list(.mapping), .optional,
            "Bounds on the test rows that a model must keep to become a version."),
        .init(
            "spec.evaluation.gates.metric", .choice(of: Metric.self), .required,
            "One of the metrics."),
        .init(
            "spec.evaluation.gates.min", .number, .optional,
            "The smallest value; at least one of min and max is needed."),
        .init("spec.evaluation.gates.max", .number, .optional, "The largest value."),
        .init("spec.evaluation.gates.comparedTo", .unknown, .planned, "The stage to compare with."),
        .init("spec.evaluation.gates.maxIncrease", .unknown, .planned, "How much worse it may be."),
        .init("spec.evaluation.gates.slice", .unknown, .planned, "The column of the slices."),
        .init(
            "spec.evaluation.gates.maxGap", .unknown, .planned, "How far slices may lie apart."),
        .init("spec.evaluation.slices", .unknown, .planned, "Columns by which to look closer."),
        .init(
            "spec.leakGuard", .mapping, .optional,
            "When a feature is reported as too good to be true."),
        .init(
            "spec.leakGuard.maxAUC", .number, .defaultsTo("0.98"),
            "A feature that alone separates the label better, 0.5 to 1, is reported; 1: none."),
        .init(
            "spec.seed", .integer(0...Int64(Int32.max)), .defaultsTo("0"),
            "Where all chance comes from."),
        .init("spec.resources", .mapping, .optional, "What a step may use."),
        .init(
            "spec.resources.cpus", .integer(1...1024), .defaultsTo("1"),
            "CPUs and threads; part of what is computed."),
        .init("spec.resources.memory", .memory, .defaultsTo("4Gi"), "The memory of one step."),
        .init("spec.resources.timeout", .duration, .defaultsTo("30m"), "The time of one step."),
    ]
}
