import Foundation
import ResourceAPI
import ResourceGraph

/// What an expression of a random view computes, in Swift.
struct ReferenceInput {
    let value: Feature.Value
    let evaluate: ([String: Cell]) -> Cell
    /// Sums depend on the order of the additions.
    var isRounded = false
    var isText = false

    /// What the conditions of random features mean; nil where SQL says null.
    static let conditions: [String: @Sendable ([String: Cell]) -> Bool?] = [
        "b": { row in row["b"]?.number.map { $0 != 0 } },
        "i > 0 -- positive": { row in row["i"]?.number.map { $0 > 0 } },
        "s <> 'EWR' OR b": { row in
            let isThere = row["b"]?.number.map { $0 != 0 }
            guard case .string(let text)? = row["s"] else { return isThere == true ? true : nil }
            return text != "EWR" ? true : isThere
        },
    ]
}

/// The point-in-time rules of semantics.md, row by row, with nothing clever about them.
struct FeatureSQLReference {
    let view: ViewSource
    /// In the order of the dataset.
    let rows: [[String: Cell]]
    let inputs: [Feature.Value: ReferenceInput]
    private let conditions = ReferenceInput.conditions

    /// The column of the event time.
    private let timestamp: String

    /// - Parameter base: of a view of a view, the other one.
    init(
        view: ViewSource, base: ViewSource?, rows: [[String: Cell]],
        inputs: [Feature.Value: ReferenceInput]
    ) {
        self.view = view
        // Rows without an entity are not in the other view.
        self.rows = rows.filter { row in
            base?.spec.entity.contains { row[$0] ?? .null == .null } != true
        }
        self.inputs = inputs
        timestamp = view.spec.timestamp ?? base?.spec.timestamp ?? ""
    }

    private struct VisibleRow {
        let event: Int64
        let known: Int64
        let index: Int
    }

    /// The rows of an entity that are known before `time` and not older than the time to live.
    private func visibleRows(entity: [Cell], before time: Int64) -> [VisibleRow] {
        guard !entity.contains(.null) else { return [] }
        return rows.indices.compactMap { index in
            let row = rows[index]
            guard view.spec.entity.map({ row[$0] ?? .null }) == entity,
                case .time(let event)? = row[timestamp]
            else { return nil }
            var known = event
            switch view.knownAt {
            case .delay(let delay): known += delay.seconds * 1_000_000
            case .column(let name):
                guard case .time(let time)? = row[name] else { return nil }
                known = time
            }
            guard known < time else { return nil }
            if let ttl = view.spec.ttl, event < time - ttl.seconds * 1_000_000 { return nil }
            return VisibleRow(event: event, known: known, index: index)
        }
    }

    /// The value of one column of a feature.
    func value(
        of feature: Feature, _ column: Feature.Column, entity: [Cell], time: Int64
    ) -> Cell {
        let visible = visibleRows(entity: entity, before: time).sorted {
            ($0.event, $0.known, $0.index) < ($1.event, $1.known, $1.index)
        }
        guard let window = column.window, let aggregate = feature.aggregate else {
            guard visible.count > feature.lag else { return .null }
            return evaluate(feature, rows[visible[visible.count - 1 - feature.lag].index])
        }
        let end = time - feature.offset.seconds * 1_000_000
        let start = end - window.seconds * 1_000_000
        let cells = visible.filter { row in
            (row.event > start || row.event == start && feature.closed.includesLeft)
                && (row.event < end || row.event == end && feature.closed.includesRight)
        }.map { evaluate(feature, rows[$0.index]) }.filter { $0 != .null }
        return switch aggregate {
        case .count: .int(Int64(cells.count))
        case .sum: sum(cells).map(Cell.double) ?? .null
        case .mean: sum(cells).map { .double($0 / Double(cells.count)) } ?? .null
        case .min: cells.sorted(by: isLess).first ?? .null
        case .max: cells.sorted(by: isLess).last ?? .null
        case .countDistinct, .approxCountDistinct: .int(Int64(Set(cells.map(key)).count))
        case .variance: variance(cells).map(Cell.double) ?? .null
        case .standardDeviation: variance(cells).map { .double($0.squareRoot()) } ?? .null
        case .first: cells.first ?? .null
        case .last: cells.last ?? .null
        case .lastN: cells.count >= column.rank ? cells[cells.count - column.rank] : .null
        case .approxPercentile: percentile(feature.percentile ?? 0, cells)
        case .mode: mode(cells)
        }
    }

    private func key(_ cell: Cell) -> String {
        if case .double(let value) = cell { return value.isNaN ? "nan" : "\(value + 0)" }
        return "\(cell)"
    }

    private func percentile(_ share: Double, _ cells: [Cell]) -> Cell {
        if cells.isEmpty { return .null }
        // In hundredths, so that 0.07 of 100 is 7.
        let rank = (Int((share * 100).rounded()) * cells.count + 99) / 100
        return cells.sorted(by: isLess)[max(rank, 1) - 1]
    }

    private func mode(_ cells: [Cell]) -> Cell {
        let values = cells.filter { $0.number?.isNaN != true }
        var counts: [String: Int] = [:]
        for value in values { counts[key(value), default: 0] += 1 }
        let most = counts.values.max()
        return values.first { counts[key($0)] == most } ?? .null
    }

    private func variance(_ cells: [Cell]) -> Double? {
        if cells.count < 2 { return nil }
        var (count, mean, squares) = (0.0, 0.0, 0.0)
        for value in cells.compactMap(\.number) {
            if !value.isFinite { return .nan }
            count += 1
            let difference = value - mean
            mean += difference / count
            squares += difference * (value - mean)
        }
        return squares / (count - 1)
    }

    private func evaluate(_ feature: Feature, _ row: [String: Cell]) -> Cell {
        if let condition = feature.condition, conditions[condition]?(row) != true { return .null }
        return feature.value == .rows ? .bool(true) : inputs[feature.value]?.evaluate(row) ?? .null
    }

    /// Exact for integers, in the order of events for doubles.
    private func sum(_ cells: [Cell]) -> Double? {
        if cells.isEmpty { return nil }
        var whole: Int128 = 0
        var real = 0.0
        for cell in cells {
            if case .int(let value) = cell {
                whole += Int128(value)
            } else {
                real += cell.number ?? 0
            }
        }
        return Double(whole) + real
    }

    private func isLess(_ a: Cell, _ b: Cell) -> Bool {
        switch (a, b) {
        case (.string(let a), .string(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.int(let a), .int(let b)): a < b
        // A NaN is larger than any number.
        default:
            (b.number?.isNaN == true && a.number?.isNaN != true)
                || (a.number ?? 0) < (b.number ?? 0)
        }
    }
}
