import Foundation
import ResourceAPI
import ResourceGraph
import Testing

/// A training set to compute: tables, views over some of them, and the spine.
struct SQLCase {
    struct Table {
        let columns: [DatasetSpec.Column]
        let rows: [[Cell]]
    }

    let tables: [String: Table]
    let views: [ViewSource]
    let config: TrainingConfigSpec
    let spineSchema: [DatasetSpec.Column]
    /// Instead of that of the training set.
    var otherProgram: SQLProgram?

    var json: JSONValue {
        let datasets = tables.mapValues { table -> JSONValue in
            [
                "columns": .array(
                    table.columns.map { [.string($0.name), .string($0.type.rawValue)] }),
                "rows": .array(table.rows.map { .array($0.map(\.json)) }),
            ]
        }
        let programs = views.map { view -> JSONValue in
            [
                "name": .string(view.name.text),
                "dataset": view.spec.dataset.map { .string($0.text) } ?? .null,
                "base": view.spec.base.map { .string($0.text) } ?? .null,
                "program": FeatureSQL.features(view).json,
            ]
        }
        let program =
            otherProgram
            ?? TrainingSetSQL.trainingSet(config: config, spineSchema: spineSchema, views: views)
        return [
            "datasets": .object(datasets), "views": .array(programs),
            "spine": .string(config.spine.dataset.text), "program": program.json,
        ]
    }
}

enum Cell: Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    /// Microseconds since 1970.
    case time(Int64)

    var json: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value), .time(let value): .int(value)
        case .double(let value): value.isFinite ? .double(value) : .string("\(value)")
        case .string(let value): .string(value)
        }
    }

    /// A boolean is 0 or 1; nil for null and for what is no number.
    var number: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): Double(value)
        case .double(let value): value
        case .null, .string, .time: nil
        }
    }
}

extension FeatureViewSpec {
    /// The view that this one is of.
    var base: ResourceName? {
        if case .view(let name) = source { name } else { nil }
    }
}

struct SQLResult: Decodable {
    let columns: [[String]]?
    let rows: [[JSONValue]]?
    let identical: Bool?
    let error: String?
}

/// Runs all cases in one Python process with DuckDB.
enum SQLBatch {
    static func run(_ cases: [SQLCase]) throws -> [SQLResult] { try run(json: cases.map(\.json)) }

    static func run(json cases: [JSONValue]) throws -> [SQLResult] {
        let environment = ProcessInfo.processInfo.environment
        let runtime = environment["INGOT_TEST_RUNTIME"] ?? "/opt/ingot-rt"
        let python = runtime + "/bin/python"
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "no Python runtime at \(runtime); set INGOT_TEST_RUNTIME")
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let batch = folder.appending(path: "batch.json")
        let result = folder.appending(path: "result.json")
        let json: JSONValue = ["cases": .array(cases)]
        try Data(json.canonicalBytes).write(to: batch)

        let process = Process()
        process.executableURL = URL(filePath: python)
        let script = fixtures.appending(path: "run_sql.py")
        process.arguments = ["-I", script.path, batch.path, result.path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "run_sql.py failed")
        return try JSONDecoder().decode([SQLResult].self, from: Data(contentsOf: result))
    }

    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures")
}
