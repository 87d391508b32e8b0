import Foundation
import ResourceAPI
import ResourceGraph

/// What an expression of a random view computes, in Swift.
struct ReferenceInput {
    let value: Feature.Value
    let evaluate: ([String: Cell]) -> Cell
    /// Sums depend on the order of the additions.
    var isRounded = false
}

/// The point-in-time rules of semantics.md, row by row, with nothing clever about them.
struct FeatureSQLReference {
    let view: ViewSource
    /// In the order of the dataset.
    let rows: [[String: Cell]]
    let inputs: [Feature.Value: ReferenceInput]

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
                case .time(let event)? = row[view.spec.timestamp]
            else { return nil }
            var known = event
            switch view.spec.knownAt {
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

    /// The value of one output of a feature; `window` is nil for the latest value.
    func value(
        of feature: Feature, window: ManifestDuration?, entity: [Cell], time: Int64
    ) -> Cell {
        let visible = visibleRows(entity: entity, before: time)
        guard let window, let aggregate = feature.aggregate else {
            let latest = visible.max {
                ($0.event, $0.known, $0.index) < ($1.event, $1.known, $1.index)
            }
            return latest.map { evaluate(feature, rows[$0.index]) } ?? .null
        }
        let cells = visible.filter {
            $0.event >= time - window.seconds * 1_000_000 && $0.event < time
        }.sorted { ($0.event, $0.known, $0.index) < ($1.event, $1.known, $1.index) }
            .map { evaluate(feature, rows[$0.index]) }.filter { $0 != .null }
        switch aggregate {
        case .count: return .int(Int64(cells.count))
        case .sum: return sum(cells).map(Cell.double) ?? .null
        case .mean: return sum(cells).map { .double($0 / Double(cells.count)) } ?? .null
        case .min, .max:
            let ordered = cells.sorted(by: isLess)
            return (aggregate == .min ? ordered.first : ordered.last) ?? .null
        }
    }

    private func evaluate(_ feature: Feature, _ row: [String: Cell]) -> Cell {
        feature.value == .rows ? .bool(true) : inputs[feature.value]?.evaluate(row) ?? .null
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
        default: (a.number ?? 0) < (b.number ?? 0)
        }
    }
}
