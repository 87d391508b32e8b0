/// The functions of on-demand expressions: those for which ONNX has exact operators. The worker,
/// which compiles them (`ondemand_functions.py`), knows the same; a test compares the two.
package enum OnDemandFunctions {
    package static let names = [
        "abs", "ceil", "ceiling", "coalesce", "cos", "date_diff", "date_part", "datediff",
        "datepart", "day", "dayofmonth", "dayofweek", "dayofyear", "epoch", "epoch_ms", "epoch_us",
        "exp", "extract", "floor", "greatest", "hour", "if", "ifnull", "isodow", "least", "ln",
        "log", "log10", "log2", "minute", "mod", "month", "nullif", "pi", "pow", "power",
        "quarter", "round", "second", "sign", "sin", "sqrt", "trunc", "weekday", "year",
    ]

    package static let all = Set(names)

    /// What people will try, and why it is refused, to follow "which".
    package static let refused: [String: String] = [
        "lower": "ONNX cannot compute exactly for all letters",
        "upper": "ONNX cannot compute exactly for all letters",
        "random": "gives another value each time",
        "now": "reads the clock; use the spine's timestamp",
        "current_timestamp": "reads the clock; use the spine's timestamp",
        "today": "reads the clock; use the spine's timestamp",
        "current_date": "reads the clock; use the spine's timestamp",
        "sum": "is an aggregate; aggregates belong in a feature view",
        "avg": "is an aggregate; aggregates belong in a feature view",
        "mean": "is an aggregate; aggregates belong in a feature view",
        "count": "is an aggregate; aggregates belong in a feature view",
        "min": "is an aggregate; the smaller of two values is least(a, b)",
        "max": "is an aggregate; the larger of two values is greatest(a, b)",
    ]
}
