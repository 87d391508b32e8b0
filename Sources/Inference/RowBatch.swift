/// Rows in the packed form that the model takes, all columns in the signature's order.
package struct RowBatch: Hashable, Sendable {
    package var rows: Int
    /// Row by row, `rows` × numeric columns; NaN is a missing number.
    package var numeric: [Float]
    /// Row by row, `rows` × categorical columns, ranges of `text`; empty is a missing value.
    package var categorical: [Range<Int>]
    /// UTF-8.
    package var text: [UInt8]

    package init(rows: Int, numeric: [Float], categorical: [Range<Int>], text: [UInt8]) {
        self.rows = rows
        self.numeric = numeric
        self.categorical = categorical
        self.text = text
    }

    /// The rows of a signature's sample; nil if it has none or they do not fit its columns.
    package init?(sample: ModelSignature.Sample, signature: ModelSignature) {
        let numeric = sample.numeric ?? []
        let categorical = sample.categorical ?? []
        let rows = max(numeric.count, categorical.count)
        let numericWidth = signature.numeric?.columns.count ?? 0
        let categoricalWidth = signature.categorical?.columns.count ?? 0
        guard rows > 0, numericWidth == 0 || numeric.count == rows,
            categoricalWidth == 0 || categorical.count == rows,
            numeric.allSatisfy({ $0.count == numericWidth }),
            categorical.allSatisfy({ $0.count == categoricalWidth })
        else { return nil }
        var text: [UInt8] = []
        var spans: [Range<Int>] = []
        for value in categorical.joined() {
            let start = text.count
            text.append(contentsOf: (value ?? "").utf8)
            spans.append(start..<text.count)
        }
        self.init(
            rows: rows, numeric: numeric.joined().map { $0 ?? .nan }, categorical: spans,
            text: text)
    }
}
