/// What other tools call things.
enum OtherWord {
    private static let words = [
        "avg": "mean", "average": "mean", "std": "stddev", "stdev": "stddev", "var": "variance",
        "median": "approx_percentile", "quantile": "approx_percentile", "nunique": "count_distinct",
        "int": "integer", "int64": "integer", "bigint": "integer", "long": "integer",
        "float": "double", "float64": "double", "number": "double", "decimal": "double",
        "datetime": "timestamp", "bool": "boolean", "str": "string", "text": "string",
        "varchar": "string",
    ]

    /// `did you mean 'mean'?`, or nil if there is no such choice.
    static func hint(for text: String, among choices: [String]) -> String? {
        words[text.lowercased()].flatMap { word in
            choices.contains(word) ? "did you mean '\(word)'?" : nil
        }
    }
}
