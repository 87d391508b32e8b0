/// Rows in the packed form that the model takes, all columns in the signature's order.
package struct RowBatch: Hashable, Sendable {
    package var rows: Int
    /// Row by row, `rows` × numeric columns; NaN is a missing number.
    package var numeric: [Float]
    /// Row by row, `rows` × categorical columns, ranges of `text`; empty is a missing value.
    package var categorical: [Range<Int>]
    /// UTF-8.
    package var text: [UInt8]
    /// Row by row, `rows` × integer columns, times in microseconds since 1970 UTC;
    /// `missingInteger` is a missing value.
    package var integers: [Int64]
    /// Row by row, `rows` × double columns; NaN is a missing number.
    package var doubles: [Double]

    package static let missingInteger = Int64.min

    package init(
        rows: Int, numeric: [Float], categorical: [Range<Int>], text: [UInt8],
        integers: [Int64] = [], doubles: [Double] = []
    ) {
        self.rows = rows
        self.numeric = numeric
        self.categorical = categorical
        self.text = text
        self.integers = integers
        self.doubles = doubles
    }

    /// The rows of a signature's sample; nil if it has none or they do not fit its columns.
    package init?(sample: ModelSignature.Sample, signature: ModelSignature) {
        let numeric = sample.numeric ?? []
        let categorical = sample.categorical ?? []
        let integers = sample.integer ?? []
        let doubles = sample.double ?? []
        let rows = max(numeric.count, categorical.count, integers.count, doubles.count)
        func fits<Value>(_ values: [[Value]], _ input: ModelSignature.Input?) -> Bool {
            let width = input?.columns.count ?? 0
            return (width == 0 || values.count == rows) && values.allSatisfy { $0.count == width }
        }
        guard rows > 0, fits(numeric, signature.numeric), fits(categorical, signature.categorical),
            fits(integers, signature.integer), fits(doubles, signature.double)
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
            text: text, integers: integers.joined().map { $0 ?? RowBatch.missingInteger },
            doubles: doubles.joined().map { $0 ?? .nan })
    }
}
