/// Columns of text, aligned, for people: two blanks between columns, no lines.
struct Table {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: String...) {
        self.header = header
    }

    init(header: [String]) {
        self.header = header
    }

    mutating func add(_ cells: String...) {
        rows.append(cells)
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    /// Ends with a newline, unless there are no rows: then `empty` is all there is.
    func text(ifEmpty empty: String) -> String {
        guard !rows.isEmpty else { return empty + "\n" }
        let lines = [header] + rows
        let widths = header.indices.map { column in
            lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return lines.map { line in
            let cells = line.enumerated().map { index, cell in
                // The last column is not padded, so that lines have no trailing blanks.
                index == line.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}
